import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { openWebGpu } from '../accelerated/index.js'
import { caseOfId } from '../conformance/cases.js'
import { parseCase } from '../conformance/form.js'
import type { Rounding } from '../conformance/probe.js'
import { probeRounding } from '../conformance/probe.js'
import { printJudgement, printQuestion } from '../conformance/report.js'
import { questionTable } from '../conformance/table.js'
import { ask, fails } from '../conformance/verify.js'
import { oracle } from '../reference/index.js'
import type { EtalonError } from '../spec/error.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './main.js'
import { deviceOption, inkFor } from './verify.js'

const complain = ({ code, message }: EtalonError): void => {
  process.stderr.write(`etalon: ${code}: ${message}\n`)
}

const run = async (text: string, device: DeviceChoice): Promise<ExitCode> => {
  const found = text.trimStart().startsWith('{') ? parseCase(text) : caseOfId(questionTable, text)
  if (E.isLeft(found)) {
    complain(found.left)
    return exit.usage
  }
  const opened = await openWebGpu(device)()
  if (E.isLeft(opened)) {
    complain(opened.left)
    return exit.noBackend
  }
  const backend = opened.right
  const ink = inkFor(process.stdout)
  process.stdout.write(`${printQuestion(found.right, ink)}\n`)
  const rounding = F.pipe(
    await probeRounding(backend)(),
    E.getOrElse((): Rounding => 'unknown'),
  )
  const asked = await ask(backend, oracle, found.right)()
  await backend.close()
  if (E.isLeft(asked)) {
    complain(asked.left)
    return exit.noBackend
  }
  const { judgement, refused } = asked.right
  if (judgement === undefined) {
    process.stdout.write(`refused: ${refused?.code}: ${refused?.message}\n`)
    return exit.ok
  }
  const failed = fails(judgement, rounding)
  process.stdout.write(`${printJudgement(judgement)}\n${failed ? ink.bad('not-conformant') : ink.good('conformant')}\n`)
  return failed ? exit.notConformant : exit.ok
}

/** `etalon replay CASE`: one case of `verify` again, by its id or as the JSON that a failure prints. */
export const replay: Subcommand = (command, end) =>
  void command
    .argument('<case>', 'OP/DIRECTION/SEED/NUMBER, or a case as JSON')
    .addOption(deviceOption())
    .action(async (text: string, { device }: { readonly device: DeviceChoice }) => end(await run(text, device)))
