/** Learning, on any backend: data, batches, initial weights, schedules, metrics, the fold over them, checkpoints. */

export { batch, countOf, ofClasses, pair as datasetOf, shuffle, standardisationOf, subset } from './dataset.js'
export type { Batch, Dataset, Standardisation } from './dataset.js'
export { characters, digits } from './digits.js'

export { initialParameters } from './initialize.js'
export type { Initializer } from './initialize.js'
export { fansOf, initializers } from './initializers.js'
export type { Fans } from './initializers.js'

export { arranged, arrangementFor, imagesAs } from './arrange.js'
export type { Arrangement } from './arrange.js'
export { augment, augmentedShape, unaugmented } from './augment.js'
export type { Augmentation } from './augment.js'

export {
  auxiliaryWeightsOf,
  firstRates,
  initialState,
  lossProgram,
  stepFeeds,
  trainingProgram,
  trainingStep,
} from './step.js'
export type { Method, Optimizer, StepFeeds } from './step.js'
export { accumulatingProgram, microBatches, microBatchFits } from './microBatch.js'
export { adversarialFeeds, adversarialState, adversarialStep, adversarialValues } from './adversarial.js'
export type { Adversaries } from './adversarial.js'

export { fewShot, metaLearner, sinusoid, taskFeeds, taskProgram } from './meta.js'
export type {
  Classes,
  FewShot,
  InnerSteps,
  MetaAlgorithm,
  MetaLearner,
  MetaMethod,
  MetaProgram,
  MetaSession,
  MetaState,
  Task,
  TaskProgram,
} from './meta.js'

export { accuracy, decisionAccuracy, topKError } from './metrics.js'
export { constant, cosine, earlyStopping, exponential, linear, reduceOnPlateau, stepDecay } from './schedules.js'
export type { AtEpoch, Improves, Rated, Schedule, Stopping, Watching } from './schedules.js'
export { rhythmOf } from './rates.js'
export type { Rates, RateState, Rhythm } from './rates.js'

export { begun, trainingOf, examplesOf, outcomeOf, ownTensors } from './training.js'
export type { Training, Description, Examples, Patience, Point, Progress, TrainingState } from './training.js'
export { checkpointOf, descriptionOf, resumedFrom, stateFrom } from './checkpoint.js'
export type { Horizon, Resumed } from './checkpoint.js'
export { evaluateIn, evaluateOn, fit } from './fit.js'
export type { Evaluation, FitOptions, Interruption, TrainingEvent } from './fit.js'

export { parseSpace } from './search/space.js'
export type { Dimension, Setting, Space } from './search/space.js'
export { bestOf, costOf, importanceOf, lossOf, searched, searcherNames, searcherOf } from './search/searchers.js'
export type { Effort, Outcome as TrialOutcome, Searcher, SearcherName, Trial } from './search/searchers.js'
export { alternatingProgram } from './search/darts.js'
export type { AlternatingProgram, Relaxation } from './search/darts.js'
export { agentNamed, agentNames, agentTrainingOf } from './agents/agent.js'
export type {
  AgentName,
  AgentProgress,
  AgentState,
  AgentTraining,
  PolicyRecipe,
  QRecipe,
  Recipe,
} from './agents/agent.js'
export { agentCheckpoint, agentStateFrom } from './agents/checkpoint.js'
export type { Environment, EnvironmentState, Outcome } from './agents/environment.js'
export { environmentNamed, environments } from './agents/environments.js'
export { gridModel } from './agents/gridworld.js'
export { recipeFor } from './agents/recipes.js'
export { emptyReplay, remembered, sampled } from './agents/replay.js'
export type { Replay } from './agents/replay.js'
export { advantages, returnsOf, targetsOf } from './agents/returns.js'
export { answersOf, evaluateAgent, trainAgent } from './agents/run.js'
export type { AgentEvaluation, AgentEvent, AgentOptions } from './agents/run.js'
export { nameOfState, valueIteration, valueOfAction } from './agents/valueIteration.js'
export type { Model, Solution } from './agents/valueIteration.js'
