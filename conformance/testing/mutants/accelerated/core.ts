import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** The frame of kernels, the plan and the executor: what every op shares. */

const kernel = mutantsOf('accelerated/kernel')
const arrange = mutantsOf('accelerated/arrange')
const plan = mutantsOf('accelerated/plan')
const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')

const some = ['softmax', 'batchNormTraining', 'lstm forward', 'mse', 'adam'] as const
const withPrograms = [...some, 'programs'] as const

export const core: readonly Mutant[] = [
  kernel(
    'extent',
    'one dimension of workgroups',
    ['relu', 'dense', 'softmax', 'add', 'dropout', 'conv2d forward'],
    'let g = id.x + groups.x * (id.y + groups.y * id.z);',
    'let g = id.x;',
  ),
  kernel(
    'extent',
    'two dimensions of workgroups as columns of a square',
    ['relu', 'dense', 'softmax', 'add', 'dropout', 'conv2d forward'],
    'id.x + groups.x * (id.y',
    'id.x + groups.y * (id.y',
  ),
  kernel(
    'tail',
    'invocations past the last are at work',
    ['dense', 'avgPool2d forward', 'concat forward', 'dropout'],
    'if (i < dims.count) { element(i); }',
    'element(i);',
  ),
  kernel(
    'plan',
    'the uniform block without the bases of bindings',
    some,
    "access.based ? `i + dims.base_${of}` : 'i'",
    "'i'",
    { on: 'small bindings' },
  ),
  kernel(
    'plan',
    'integers and windows of the block swapped',
    some,
    '...kernel.dims,\n  ...kernel.words,',
    '...kernel.words,\n  ...kernel.dims,',
    { equivalent: 'both the shader and its numbers are made of this one list' },
  ),

  plan('plan', 'a buffer is free while its last reader runs', some, 'until >= life.first', 'until > life.first'),
  plan(
    'plan',
    'a value is gone after its first use',
    some,
    'last: Math.max(before?.last ?? last, last)',
    'last: before?.last ?? last',
  ),
  plan(
    'plan',
    'a value begins where it is last used',
    withPrograms,
    'first: Math.min(before?.first ?? first, first)',
    'first',
  ),
  plan(
    'extent',
    'the last of several rows of workgroups dropped',
    ['relu', 'dense', 'softmax', 'add', 'dropout'],
    'Math.min(Math.ceil(count / x), limit)',
    'Math.min(Math.max(Math.floor(count / x), 1), limit)',
    { equivalent: 'the third dimension of the dispatch makes up for what the second leaves out' },
  ),
  plan(
    'tail',
    'the last workgroup dropped where it is not full',
    ['relu', 'dense', 'avgPool2d', 'sgd'],
    "kernel.per === 'element' ? Math.ceil(count / kernel.workgroup) : count",
    "kernel.per === 'element' ? Math.max(1, Math.floor(count / kernel.workgroup)) : count",
  ),
  plan(
    'subset',
    'every optional input counts as given',
    ['minMaxNormalize', 'zScoreNormalize', 'dense forward'],
    'has: (name) => node.inputs[name] !== undefined',
    'has: () => true',
  ),
  plan(
    'subset',
    'every cotangent counts as given',
    ['rnn backward', 'lstmCell backward'],
    'given: (name) => node.cotangents[name] !== undefined',
    'given: () => true',
    { equivalent: 'an absent tensor is bound as one zero, and a read past the end of a binding is one of it' },
  ),
  arrange(
    'plan',
    'what is absent has room for nothing else',
    some,
    "key: 'nothing', title: 'an absent tensor', elements: 1",
    "key: 'value x', title: 'an absent tensor', elements: 1",
  ),
  arrange('plan', 'scratch of the same name is one', withPrograms, 'key: `${slot} of ${node.name}`', 'key: `${slot}`'),
  arrange(
    'plan',
    'both directions at once, though a cotangent is made only after',
    ['softmaxCrossEntropy', 'programs'],
    '(madeAt.get(value) ?? -1) < twin',
    'true',
  ),
  arrange(
    'plan',
    'both directions at once, though the loss has two gradients',
    ['softmaxCrossEntropy', 'programs'],
    'others.length === 0 && early',
    'early',
  ),
  plan(
    'repeated',
    'a carried value is copied over before it is read',
    ['sgd', 'programs'],
    'const temporary = (name: string): Resident => ({ ...named(name), key: `before ${name}` })',
    'const temporary = named',
  ),
  plan('plan', 'the parts of a split launch all start at the first unit', some, 'first: i * units,', 'first: 0,', {
    on: 'small bindings',
  }),

  executor(
    'repeated',
    'pipelines by the name of their kernel',
    ['dense', 'conv2d', 'softmax', 'globalAvgPool', 'programs'],
    'pipelines.get(launch.shader)',
    "pipelines.get(launch.shader.split('\\n')[0])",
    {
      and: [
        { find: 'pipelines.set(launch.shader, made)', replace: "pipelines.set(launch.shader.split('\\n')[0], made)" },
      ],
    },
  ),
  executor(
    'repeated',
    'pipelines by the length of their text',
    ['dense', 'conv2d', 'add', 'mul', 'mse'],
    'pipelines.get(launch.shader)',
    'pipelines.get(String(launch.shader.length))',
    {
      and: [
        { find: 'pipelines.set(launch.shader, made)', replace: 'pipelines.set(String(launch.shader.length), made)' },
      ],
    },
  ),
  executor(
    'plan',
    'no more than 16 integers go up',
    ['dense', 'conv2d', 'avgPool2d'],
    'new Uint32Array(bytes, at.dims.offset, dims.length).set(dims)',
    'new Uint32Array(bytes, at.dims.offset, dims.length).set(dims.slice(0, 16))',
  ),
  executor(
    'plan',
    'parameters are read where the integers are',
    ['leakyRelu', 'adam', 'batchNormTraining'],
    'new Float32Array(bytes, at.params.offset, params.length).set(params)',
    'new Float32Array(bytes, at.dims.offset, params.length).set(params)',
  ),
  executor(
    'repeated',
    'a feed of a shape goes up the first time only',
    ['add', 'dense'],
    'if (at !== undefined) upload(',
    'const seen = (globalThis.seen ??= new Map())\n        const key = `${name} ${value.shape.join()}`\n        if (seen.has(key)) value = seen.get(key)\n        else seen.set(key, value)\n        if (at !== undefined) upload(',
  ),
  executor(
    'repeated',
    'an answer is remembered by its names and shapes',
    ['add', 'relu', 'conv2d'],
    'return Object.fromEntries(values)',
    'const known = (globalThis.known ??= new Map())\n        const key = JSON.stringify(wanted.map(({ name, shape }) => [name, shape]))\n        if (!known.has(key)) known.set(key, Object.fromEntries(values))\n        return known.get(key)',
  ),
  executor(
    'repeated',
    'the uniform blocks of a replay stay as they were',
    ['sgd', 'dropout', 'programs'],
    'if (replay !== undefined) rewriteUniforms',
    'if (replay === null) rewriteUniforms',
  ),
  executor(
    'repeated',
    'of a replay’s uniform blocks only the first is written',
    ['sgd', 'dropout', 'programs'],
    'write(uniforms, offset, block)',
    'if (offset === 0) write(uniforms, offset, block)',
  ),
  executor(
    'plan',
    'launches after the third left out',
    ['softmax', 'batchNormTraining', 'lstm'],
    'pass.dispatchWorkgroups(',
    'if (i > 2) return\n          pass.dispatchWorkgroups(',
  ),
  executor(
    'plan',
    'one row of workgroups is dispatched',
    ['relu', 'dense', 'add', 'conv2d forward'],
    '...(plan.launches[i] as PlannedLaunch).workgroups',
    '(plan.launches[i] as PlannedLaunch).workgroups[0]',
  ),
  executor(
    'repeated',
    'a carry is read before the step',
    ['sgd', 'programs'],
    'plan.carries.forEach(({ from, to, bytes }) =>',
    'plan.carries.slice().reverse().forEach(({ from, to, bytes }) =>',
  ),
  executor(
    'plan',
    'numbers of f64 go up in half',
    ['add', 'dense'],
    'data instanceof Float32Array && data.buffer instanceof ArrayBuffer',
    'data.buffer instanceof ArrayBuffer',
    { equivalent: 'feeds are numbers of f32 throughout the suite' },
  ),
  backend(
    'repeated',
    'a recorded step is known by how much is watched',
    ['sgd', 'programs'],
    'const stepKey = (watch: readonly string[]): string => `step ${JSON.stringify(watch)}`',
    'const stepKey = (watch: readonly string[]): string => `step ${watch.length}`',
  ),
]
