import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { caseOfId } from '../conformance/cases.js'
import type { Case } from '../conformance/form.js'
import { parseCase } from '../conformance/form.js'
import type { Rounding } from '../conformance/probe.js'
import { probeRounding } from '../conformance/probe.js'
import type { QuestionTable } from '../conformance/questions.js'
import { printDevice, printJudgement, printQuestion, printReason } from '../conformance/report.js'
import { ask, fails } from '../conformance/ask.js'
import type { Backend } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { BackendName } from './backends.js'
import { deviceProblem } from './backends.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './command.js'
import { backendOption, deviceOption } from './options.js'
import { complainTo, inkFor } from './terminal.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'

/** The case that a person names: by its id, or as the JSON that a failure prints. */
export const caseNamed = (table: QuestionTable, text: string): Result<Case> =>
  text.trimStart().startsWith('{') ? parseCase(text) : caseOfId(table, text.trim())

const judged = async (backend: Backend, oracle: Oracle, asked: Case) => ({
  rounding: F.pipe(
    await probeRounding(backend)(),
    E.getOrElse((): Rounding => 'unknown'),
  ),
  answer: await ask(backend, oracle, asked)(),
})

/** Asks the backend that `rim` opens one case, and says what came of it. */
export const replayAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err'>,
  text: string,
  device: DeviceChoice,
  name: BackendName = 'webgpu',
): Promise<ExitCode> => {
  const complain = complainTo(rim.err)
  const ink = inkFor(rim.out)
  const say = (line: string): void => void rim.out.write(`${line}\n`)
  const found = caseNamed(rim.table, text)
  if (E.isLeft(found)) {
    complain(`${found.left.code}: ${found.left.message}`)
    return exit.usage
  }
  const problem = deviceProblem(device, name)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  const opened = await rim.open(device, name)()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exit.noBackend
  }
  const [asked, backend] = [found.right, opened.right]
  say(printQuestion(asked, ink))
  if (!backend.supports(asked.op, asked.direction)) {
    await backend.close()
    say(`unsupported: ${backend.name} has no ${asked.op} ${asked.direction}`)
    return exit.ok
  }
  const { rounding, answer } = await judged(backend, rim.oracle, asked).finally(() => backend.close())
  if (E.isLeft(answer)) {
    complain(`${answer.left.code}: ${answer.left.message}`)
    return answer.left.code === 'DeviceLost' ? exit.noBackend : exit.usage
  }
  const { judgement, refused } = answer.right
  if (judgement === undefined) {
    say(`not run: ${refused?.code}: ${refused?.message}`)
    return exit.ok
  }
  const failed = fails(judgement, rounding)
  say(printJudgement(judgement))
  say(printReason(asked, judgement))
  say(printDevice(backend.fingerprint, ink))
  say(failed ? ink.bad('not-conformant') : ink.good('conformant'))
  return failed ? exit.notConformant : exit.ok
}

/** `etalon replay CASE`: one case of `verify` again, by its id or as the JSON that a failure prints. */
export const replayCommand: Subcommand = (command, end) =>
  void command
    .argument('<case>', 'OP/DIRECTION/SEED/NUMBER, or a case as JSON')
    .addOption(backendOption())
    .addOption(deviceOption())
    .action(
      async (text: string, { device, backend }: { readonly device: DeviceChoice; readonly backend: BackendName }) =>
        end(await replayAt(processRim(), text, device, backend)),
    )
