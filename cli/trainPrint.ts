import { printJudgement } from '../conformance/failureReport.js'
import type { Fingerprint } from '../spec/backend.js'
import { parameterCount } from '../spec/networks/network.js'
import { askedOfRecurrent } from '../spec/networks/zoo.js'
import type { Evaluation, Interruption, TrainingEvent } from '../training/fit.js'
import type { Resumed } from '../training/checkpoint.js'
import type { Progress, Training } from '../training/training.js'
import { epochOf, isOver } from '../training/training.js'
import type { DigitTraining } from './trainPlan.js'
import { titleOf } from './trainPlan.js'
import type { Guilty, Judged, Trained } from './trainRun.js'

const percent = (part: number, places: number): string => `${(100 * part).toFixed(places)} %`

/** What is about to be trained, and on what. */
export const printHead = (
  { recipe, training, counts }: DigitTraining,
  { name, fingerprint }: { readonly name: string; readonly fingerprint: Fingerprint },
  data: string | undefined,
): string => {
  const counted = [
    `${counts.train} training digits`,
    ...(counts.validation === 0 ? [] : [`${counts.validation} validation digits`]),
    `${counts.test} test digits`,
  ]
  return [
    `${titleOf(recipe)}, ${parameterCount(training.network)} parameters, ${training.description.loss}, on ${fingerprint['description'] ?? name} (${fingerprint['kind'] ?? name})`,
    `${counted.join(', ')} (${data ?? 'generated'}); ${training.steps} steps of ${recipe.batch}${recipe.microBatch === undefined ? '' : `, in parts of ${recipe.microBatch}`}`,
  ].join('\n')
}

/** Where a training goes on, and how, where that is not as it was to be. */
export const printResumed = (
  { state: { progress }, horizon, unwanted }: Resumed,
  training: Training,
  file: string,
): string => {
  const { steps, description } = training
  const { step, stopping } = progress
  const some = `${unwanted.slice(0, 6).join(', ')}${unwanted.length > 6 ? ` and ${unwanted.length - 6} more` : ''}`
  return [
    `goes on after step ${step} of ${steps} (${file})`,
    ...(unwanted.length === 0 ? [] : [`tensors in it that nothing wants, passed over: ${some}`]),
    ...(horizon === undefined || isOver(training, progress)
      ? []
      : [
          `the ${description.rates.schedule} schedule was to end with epoch ${horizon.was} and now ends with epoch ${horizon.is}: the next rate is ${horizon.rateIs.toPrecision(3)}, not ${horizon.rateWas.toPrecision(3)}`,
        ]),
    ...(!isOver(training, progress)
      ? []
      : stopping.stop
        ? [`it stopped early after epoch ${epochOf(training, progress) - 1}, and stays so`]
        : [`nothing is left to train; more --epochs than ${description.epochs} go on from there`]),
  ].join('\n')
}

// as a shell reads it
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The same command again, from a file on. */
export const goingOn = (args: readonly string[], file: string): string => {
  const kept = args.filter((arg, i) => args[i - 1] !== '--resume' && arg !== '--resume' && !arg.startsWith('--resume='))
  return ['etalon', ...kept, '--resume', file].map(quoted).join(' ')
}

/** The state that is kept of a training, in a file. */
export interface KeptState {
  readonly file: string
  readonly step: number
}

/** Where the state of a training lies that ended after a step, and how to go on from it. */
export const printKept = (step: number, { file, step: at }: KeptState, args: readonly string[]): string =>
  [`its state${at === step ? '' : ` after step ${at}`} is in ${file}; to go on:`, `  ${goingOn(args, file)}`].join('\n')

/** What became of a training that was interrupted: after which step, and which state is kept of it, if any. */
export const printPaused = (
  { steps }: Training,
  step: number,
  kept: KeptState | undefined,
  args: readonly string[],
): string =>
  [
    `interrupted after step ${step} of ${steps}`,
    kept === undefined
      ? 'nothing of it is kept: with --checkpoint FILE its state would be, and --resume FILE would go on'
      : printKept(step, kept, args),
  ].join('\n')

/** What happened, in a line; a step is progress, not a result, and has none. */
export const printEvent = (event: TrainingEvent | Judged): string | undefined => {
  switch (event.kind) {
    case 'step':
      return undefined
    case 'judged': {
      const { step, nodes, worst } = event
      return `step ${step} in lockstep: ${nodes} nodes within bounds, worst error ÷ bound ${worst.judgement.worst.ratio.toPrecision(3)} at ${worst.node}`
    }
    case 'epoch': {
      const { epoch, rate, validationLoss, validationAccuracy } = event.point
      const right = validationAccuracy === undefined ? '' : `  accuracy ${percent(validationAccuracy, 2)}`
      return validationLoss === undefined
        ? undefined
        : `epoch ${epoch}  over at rate ${rate.toPrecision(3)}  validation loss ${validationLoss.toFixed(4)}${right}`
    }
    case 'evaluation': {
      const { epoch, step, loss, count, evaluation } = event
      const { accuracy } = evaluation
      const found = Number.isNaN(accuracy)
        ? `loss ${evaluation.loss.toFixed(4)}`
        : `accuracy ${percent(Math.round(accuracy * count) / count, 1)}`
      return `epoch ${epoch}  step ${String(step).padStart(5)}  loss ${loss.toFixed(4)}  ${found} of ${count} test digits`
    }
  }
}

/** What a network makes of the test digits, in a phrase. */
export const printEvaluation = ({ accuracy, top5Error, loss }: Evaluation): string => {
  const five = Number.isNaN(top5Error) ? '' : `, top-5 error ${percent(top5Error, 2)}`
  return Number.isNaN(accuracy) ? `test loss ${loss.toFixed(4)}` : `test accuracy ${percent(accuracy, 2)}${five}`
}

/** Why a training ended before its time, in a sentence. */
export const printInterruption = (interruption: Interruption<Guilty>): string => {
  switch (interruption.why) {
    case 'error':
      return `${interruption.error.code}: ${interruption.error.message}`
    case 'stopped': {
      const { step, finding } = interruption.by
      return `step ${step}: node ${finding.node} (${finding.op} ${finding.direction}) is outside its bound\n${printJudgement(finding.judgement)}`
    }
    case 'diverged':
      return `step ${interruption.step}: the loss is ${interruption.loss}, so the training stops; a smaller --learning-rate may help`
  }
}

/** Which epoch's weights early stopping keeps. */
export const printBest = ({ points, stopping }: Progress): string =>
  `${stopping.stop ? 'stopped early; ' : ''}the weights of epoch ${stopping.bestEpoch + 1} of ${points.length} were the best`

/** The last line of `--json`. */
export const summaryOf = (
  {
    recipe: { network, variant, epochs, batch, microBatch, seed, lockstep, optimizer, ...asked },
    training,
    counts,
  }: DigitTraining,
  { test, worstRatio, progress }: Trained,
  secondsPerEpoch: number,
  fingerprint: Fingerprint,
): Readonly<Record<string, unknown>> => ({
  network,
  ...(variant === undefined ? {} : { variant }),
  ...askedOfRecurrent(asked),
  parameters: parameterCount(training.network),
  // where there is right and wrong
  ...(Number.isNaN(test.accuracy) ? {} : { testAccuracy: test.accuracy }),
  ...(Number.isNaN(test.top5Error) ? {} : { testTop5Error: test.top5Error }),
  testLoss: test.loss,
  loss: training.description.loss,
  testDigits: counts.test,
  trainingDigits: counts.train,
  ...(counts.validation === 0 ? {} : { validationDigits: counts.validation }),
  optimizer,
  epochs,
  ...(training.description.stopping === undefined
    ? {}
    : { epochsTaken: progress.points.length, bestEpoch: progress.stopping.bestEpoch + 1 }),
  batch,
  ...(microBatch === undefined ? {} : { microBatch }),
  seed,
  steps: training.steps,
  secondsPerEpoch,
  ...(lockstep > 0 ? { lockstep: { steps: Math.min(lockstep, training.steps), worstRatio } } : {}),
  fingerprint,
})
