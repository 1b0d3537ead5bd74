/** Conformance: any backend held against the oracle, within derived tolerances. */
export { caseAt, caseCount, caseOfId } from './cases.js'
export { elementsIn, type Effort, type Elements } from './elements.js'
export { parseCase, parseCases, printCase, printCases, realise, type Case, type Fill, type Form } from './form.js'
export { expect, expectWhole, judge, type Expected, type Hearing, type Judgement, type Worst } from './judge.js'
export { adjudicate, adjudicationVerdict, type Adjudication, type NamedAnswer } from './adjudicate.js'
export {
  localize,
  verdictOf as localizedVerdict,
  type Localized,
  type LocalizeOptions,
  type NodeFinding,
} from './localize.js'
export { judgeNode, lockstep, type LockstepFinding, type LockstepStep } from './lockstep.js'
export { printDifference, printProgramFailure, printProgramLine, printSequence } from './probeReport.js'
export { checkIn, expectIn, precisions, type BoundsAsked, type Precision } from './precision.js'
export { probeRounding, type Rounding } from './probe.js'
export {
  probeProgram,
  probePrograms,
  type ProgramFailure,
  type ProgramLine,
  type ProgramProgress,
} from './programs/probe.js'
export { scenarios } from './programs/scenarios.js'
export type { Act, Scenario } from './programs/scenario.js'
export type { Difference, Repeats } from './repetition.js'
export type { Reopen, SequenceFailure } from './sequence.js'
export { closed, fingerprintOf, guarded, type Guarded, type Guarding, type TimeLimit } from './guarded.js'
export { printFailure } from './failureReport.js'
export { conforms } from './overall.js'
export { printLine, printTotals, printUnsupported } from './report.js'
export {
  readReport,
  writeReport,
  type ReadFailure,
  type ReadGroup,
  type ReadJudgement,
  type ReadLine,
  type ReadProgram,
  type ReadReport,
  type ReadSummary,
} from './reportCodec.js'
export { jsonLine, jsonProgramLine, jsonSummary, reportVersion, type About } from './reportJson.js'
export { checkOracle } from './selfCheck.js'
export { questionTable } from './table.js'
export { bothWays, feedsFor, runTrial, trials, type Trial, type TrialResult } from './trial.js'
export { ask, fails } from './ask.js'
export { subjectOf, subjectOfProgram, type Phase, type Subject } from './subject.js'
export { verify, type Progress, type Scope } from './verify.js'
export { type Line, type Report, type Verdict } from './line.js'
export type { Claim, Fault, Law, Questions, QuestionTable, Worked } from './questions.js'
