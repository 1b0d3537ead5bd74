import { either as E } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { deviceProblem } from './backends.js'
import type { BrowserOptions } from './browser/choice.js'
import { browserOf, browserOptions, browserProblem } from './browser/choice.js'
import type { BrowserChoice } from './browser/host.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit, exitOfOpening } from './exit.js'
import { backendOption, caseTimeoutOption, deviceOption } from './options.js'
import { casesNamed, replayWith } from './replaying.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'
import { complainTo } from './terminal.js'

export { casesNamed } from './replaying.js'

/** Asks the backend that `rim` opens one case, or some in a row; whether that can be asked for is found out first. */
export const replayAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err' | 'openHost'>,
  texts: string | readonly string[],
  device: DeviceChoice,
  name = 'webgpu',
  caseTimeout = 30,
  browser?: BrowserChoice,
): Promise<ExitCode> => {
  const complain = complainTo(rim.err)
  const problem = deviceProblem(device, name) ?? browserProblem(browser, name)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  if (browser === undefined || rim.openHost === undefined) return replayWith(rim, texts, device, name, caseTimeout)
  const cases = E.traverseArray((text: string) => casesNamed(rim.table, text))([texts].flat())
  if (E.isLeft(cases)) {
    complain(`${cases.left.code}: ${cases.left.message}`)
    return exit.usage
  }
  const host = await rim.openHost(browser, device, name, rim.err)
  if (E.isLeft(host)) {
    complain(`${host.left.code}: ${host.left.message}`)
    return exitOfOpening(host.left)
  }
  const { replay, close } = host.right
  return replay({ texts: [texts].flat(), device, backend: name, caseTimeout }, rim).finally(close)
}

/** `etalon replay CASE…`: a case of `verify` again, by its id or as the JSON that a failure prints, or some in a row. */
export const replayCommand: Subcommand = (command, end) => {
  const [browser, browserPath] = browserOptions()
  command
    .argument(
      '<case...>',
      'OP/DIRECTION/SEED/NUMBER@VERSION, a case as JSON, or a list of cases; several are asked one after the other',
    )
    .addOption(backendOption())
    .addOption(caseTimeoutOption())
    .addOption(deviceOption())
    .addOption(browser)
    .addOption(browserPath)
    .action(
      async (
        texts: readonly string[],
        {
          device,
          backend,
          caseTimeout,
          ...options
        }: BrowserOptions & { readonly device: DeviceChoice; readonly backend: string; readonly caseTimeout: number },
      ) => end(await replayAt(processRim(), texts, device, backend, caseTimeout, browserOf(options))),
    )
}
