import type { DeviceChoice } from '../accelerated/index.js'
import { deviceProblem } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { backendOption, caseTimeoutOption, deviceOption } from './options.js'
import { replayWith } from './replaying.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'
import { complainTo } from './terminal.js'

export { casesNamed } from './replaying.js'

/** Asks the backend that `rim` opens one case, or some in a row; whether that can be asked for is found out first. */
export const replayAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err'>,
  texts: string | readonly string[],
  device: DeviceChoice,
  name = 'webgpu',
  caseTimeout = 30,
): Promise<ExitCode> => {
  const problem = deviceProblem(device, name)
  if (problem !== undefined) {
    complainTo(rim.err)(problem)
    return exit.usage
  }
  return replayWith(rim, texts, device, name, caseTimeout)
}

/** `etalon replay CASE…`: a case of `verify` again, by its id or as the JSON that a failure prints, or some in a row. */
export const replayCommand: Subcommand = (command, end) =>
  void command
    .argument(
      '<case...>',
      'OP/DIRECTION/SEED/NUMBER@VERSION, a case as JSON, or a list of cases; several are asked one after the other',
    )
    .addOption(backendOption())
    .addOption(caseTimeoutOption())
    .addOption(deviceOption())
    .action(
      async (
        texts: readonly string[],
        {
          device,
          backend,
          caseTimeout,
        }: { readonly device: DeviceChoice; readonly backend: string; readonly caseTimeout: number },
      ) => end(await replayAt(processRim(), texts, device, backend, caseTimeout)),
    )
