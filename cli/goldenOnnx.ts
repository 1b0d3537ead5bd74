import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Subject } from './golden.js'
import type { Vector } from '../conformance/vectors/vector.js'
export const writeFolders = async (_: string, __: readonly Vector[]): Promise<Result<string>> => fail('Unsupported', 'x')
export const readFolders = async (_: Oracle, __: string): Promise<Result<Subject>> => fail('Unsupported', 'x')
