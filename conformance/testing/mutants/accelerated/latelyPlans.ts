import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of plans: what a replay writes, what lies where, and what is fused, kept or renewed. */

const plan = mutantsOf('accelerated/plan')
const arrange = mutantsOf('accelerated/arrange')
const executor = mutantsOf('accelerated/executor')
const groups = mutantsOf('accelerated/groups')
const fuse = mutantsOf('accelerated/fuse')
const map = mutantsOf('accelerated/map')
const backend = mutantsOf('accelerated/backend')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const adam = mutantsOf('accelerated/optimizers/adam')
const adamw = mutantsOf('accelerated/optimizers/adamw')

const small = { on: 'small bindings' } as const

export const latelyPlans: readonly Mutant[] = [
  executor(
    'repeated',
    'of a replay’s uniform blocks one is written if all of it is other',
    ['sgd', 'programs'],
    'block.every((byte, i) => byte === blocks[offset + i])',
    'block.some((byte, i) => byte !== 0 && byte === blocks[offset + i])',
  ),
  executor(
    'repeated',
    'of a replay the numbers of f32 are written, the integers not',
    ['sgd', 'programs'],
    '.flatMap(({ dims, params }) => [dims, params])',
    '.flatMap(({ params }) => [params])',
  ),
  executor(
    'repeated',
    'of a replay the first 64 bytes of a block are compared',
    ['sgd', 'programs'],
    'if (block.every((byte, i) => byte',
    'if (block.subarray(0, 16).every((byte, i) => byte',
  ),
  executor(
    'repeated',
    'what went up ahead is taken if it was of the same shape',
    ['sgd', 'programs'],
    'if (ahead.get(name) !== value) uploadFeed',
    'if (ahead.get(name)?.shape.join() !== value.shape.join()) uploadFeed',
  ),
  plan(
    'plan',
    'a copy of a state that is carried over is none',
    ['reshape', 'programs'],
    'return layout.homes.has(name) || Object.hasOwn(program.carry, name)',
    'return layout.homes.has(name)',
  ),
  plan(
    'index',
    'bases of vectors counted in numbers',
    ['rnnCell forward', 'lstmCell forward', 'gruCell forward', 'dense'],
    'kernel.vectors.includes(name) ? base / 4 : base',
    'base',
    small,
  ),
  plan(
    'stale',
    'one temporary place for all states that are overwritten',
    ['sgd', 'programs'],
    '({ ...named(name), key: `before ${name}` })',
    '({ ...named(name), key: `before ${shapes[name]?.join()}` })',
  ),
  plan(
    'repeated',
    'of attributes that are fed only those of the last node follow',
    ['sgd', 'programs'],
    'nodes.filter(isFed),\n    E.traverseArray',
    'nodes.filter(isFed).slice(-1),\n    E.traverseArray',
  ),
  plan(
    'repeated',
    'a number that is fed stays where it changes by less than 0.001',
    ['sgd', 'programs'],
    'params: launch.params.map((old, i) => params.get(launch.names.params[i] as string) ?? old)',
    'params: launch.params.map((old, i) => { const next = params.get(launch.names.params[i] as string) ?? old; return Math.abs(next - old) < 1e-3 ? old : next })',
  ),
  arrange(
    'plan',
    'a node leaves what it has to the next of its op on the same first input',
    ['sgd', 'programs'],
    'const key = JSON.stringify([op, Object.entries(attrs).sort(), Object.entries(inputs).sort()])',
    'const key = JSON.stringify([op, Object.entries(attrs).sort(), Object.entries(inputs).slice(0, 1)])',
  ),
  arrange(
    'subset',
    'what is fused is kept for one more reader, not for two',
    ['sgd', 'programs'],
    'const others = readersOf(chosen.resident).some((reader) => reader !== at)',
    'const others = readersOf(chosen.resident).filter((reader) => reader !== at).length === 1',
  ),
  fuse(
    'index',
    'by vectors, a formula has the fourth number of what it reads beside for the third',
    ['sgd', 'programs'],
    '? `value${lane}` : `own_${name}${lane}`',
    "? `value${lane}` : `own_${name}${lane === '.z' ? '.w' : lane}`",
  ),
  fuse(
    'plan',
    'of two formulas the second is given what the first reads where both call it the same',
    ['sgd', 'programs'],
    'of.includes(name) ? `first.${made}` : `${prefix}${name}`',
    'of.includes(name) ? `first.${made}` : first.reads.includes(name) ? name : `${prefix}${name}`',
  ),
  groups(
    'extent',
    'updates made together fill more than one binding',
    ['sgd', 'programs'],
    'if (filled + size > most) {',
    'if (filled > most) {',
    small,
  ),
  groups(
    'plan',
    'a state is renewed in its place though the next node reads it',
    ['sgd', 'programs'],
    'if (reader <= at) return false',
    'if (reader <= at + 1) return false',
  ),
  map(
    'plan',
    'parts of an update each have a count of steps of their own',
    ['adam', 'adamw'],
    'Object.fromEntries([...vectors.vectors].map',
    'Object.fromEntries([...vectors.reads, ...vectors.writes].map',
    small,
  ),
  backend(
    'repeated',
    'another program on a state is known by its inputs and what is watched',
    ['sgd', 'programs'],
    'replay(fits.right, feeds, watch, `run ${JSON.stringify([other, watch])}`, ofState)',
    'replay(fits.right, feeds, watch, `run ${JSON.stringify([other.inputs, watch])}`, ofState)',
  ),
  backend(
    'repeated',
    'a step is known by the first three of what is watched',
    ['sgd', 'programs'],
    '`step ${JSON.stringify(watch)}`',
    '`step ${JSON.stringify(watch.slice(0, 3))}`',
  ),
  // what lies between two directions, and a rate that is fed
  norm(
    'plan',
    'where statistics are kept, dγ by a variance of ε at least, not of ε more',
    ['batchNormTraining backward', 'programs'],
    'inverseSqrt(variance(c) + params.epsilon);\n  if (lane == 0u) {\n    set_dgamma(c, gamma);\n    set_dbeta(c, beta);',
    'inverseSqrt(max(variance(c), params.epsilon));\n  if (lane == 0u) {\n    set_dgamma(c, gamma);\n    set_dbeta(c, beta);',
  ),
  adam(
    'repeated',
    'the rate to three digits',
    ['adam', 'adamw', 'programs'],
    '    {\n      eta,\n      beta1,',
    '    {\n      eta: Number(eta.toPrecision(3)),\n      beta1,',
  ),
  adamw(
    'boundary',
    'a decay that would turn a weight’s sign leaves nothing of it',
    'adamw',
    '1 - attrs.learningRate * attrs.weightDecay',
    'Math.max(1 - attrs.learningRate * attrs.weightDecay, 0)',
  ),
]
