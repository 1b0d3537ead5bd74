import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Programs of several nodes afresh: what updates have in common, when a formula may move, and what is kept by too short a name. */

const arrange = mutantsOf('accelerated/arrange')
const groups = mutantsOf('accelerated/groups')
const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')
const uniforms = mutantsOf('accelerated/uniforms')

const asked = ['sgd', 'programs'] as const

export const afreshPlans: readonly Mutant[] = [
  // updates made together
  groups(
    'attribute',
    'afresh, updates are made together whichever fed number is their rate',
    asked,
    'Object.entries(node.attrs).sort(),\n    launches',
    "Object.entries(node.attrs).map(([name, value]) => [name, typeof value === 'object' ? 'fed' : value]).sort(),\n    launches",
  ),
  groups(
    'attribute',
    'afresh, updates are made together whatever switches they have',
    asked,
    'Object.entries(node.attrs).sort(),\n    launches',
    "Object.entries(node.attrs).filter(([, value]) => typeof value !== 'boolean').sort(),\n    launches",
  ),
  // what is fused
  arrange(
    'time',
    'afresh, a formula is fused before the one number is made that all its elements share',
    asked,
    'const early = beside.some((name) => {',
    'const early = beside.filter((name) => formula.reads.includes(name)).some((name) => {',
  ),
  arrange(
    'time',
    'afresh, what launches have as one number of all elements is not kept where a formula is fused to its maker',
    asked,
    '[...kernel.reads, ...kernel.rereads].forEach((name) => {\n      const key',
    ';[...kernel.reads, ...kernel.rereads].filter((name) => one.launch.mapped?.formula.shared.includes(name) !== true).forEach((name) => {\n      const key',
  ),
  arrange(
    'time',
    'afresh, both directions at once, though a node backward makes the cotangent',
    asked,
    'nodes.flatMap(({ node }, at) => Object.values(node.outputs).map((value) => [value, at] as const)),',
    "nodes.flatMap(({ node }, at) => node.direction === 'backward' ? [] : Object.values(node.outputs).map((value) => [value, at] as const)),",
  ),
  // what is kept by too short a name
  backend(
    'repeated',
    'afresh, a program that runs again does so at the fed numbers of its first run',
    asked,
    "E.bind('made', ({ checked }) => plan(checked, feeds, watch, at)),\n    )",
    "E.bind('made', ({ checked }) => onlyOnce(JSON.stringify([program, watch]), () => plan(checked, feeds, watch, at))),\n    )",
    {
      and: [
        {
          find: 'const runOnce =\n',
          replace: `const plansOfRuns = new Map<string, Result<Plan>>()
const onlyOnce = (key: string, make: () => Result<Plan>): Result<Plan> => {
  const made = plansOfRuns.get(key) ?? make()
  plansOfRuns.set(key, made)
  return made
}

const runOnce =
`,
        },
      ],
    },
  ),
  backend(
    'repeated',
    'afresh, sessions of one program that are open at once have one recording of its steps',
    asked,
    '    const recorded = new Map<string, Promise<Result<Done<Prepared>>>>()\n',
    `    const ofProgram = JSON.stringify(program)
    const recorded = recordings.get(ofProgram) ?? new Map<string, Promise<Result<Done<Prepared>>>>()
    recordings.set(ofProgram, recorded)
`,
    {
      and: [
        {
          find: 'const openSession =\n',
          replace:
            'const recordings = new Map<string, Map<string, Promise<Result<Done<Prepared>>>>>()\n\nconst openSession =\n',
        },
        {
          find: '        const all = await Promise.all([...recorded.values()])\n',
          replace:
            '        const all = await Promise.all([...recorded.values()])\n        recorded.clear()\n        recordings.delete(ofProgram)\n',
        },
      ],
    },
  ),
  backend(
    'repeated',
    'afresh, sessions that are open at once know what runs on their state by the same names',
    asked,
    '`run ${JSON.stringify([other, watch])}`, ofState)',
    '`run ${JSON.stringify([other, watch])}`, ofState, elsewhere)',
    {
      and: [
        {
          find: '      const prepared = await (recorded.get(key) ?? record(of, feeds, watch, key, where))',
          replace: `      const known = others?.get(key) ?? recorded.get(key) ?? record(of, feeds, watch, key, where)
      others?.set(key, known)
      const prepared = await known`,
        },
        {
          find: '      where: Layout,\n    ): Promise<Result<{ readonly prepared: Prepared; readonly planned: Plan }>> => {',
          replace:
            '      where: Layout,\n      others?: typeof elsewhere,\n    ): Promise<Result<{ readonly prepared: Prepared; readonly planned: Plan }>> => {',
        },
        {
          find: '      where: Layout,\n    ): Promise<Result<Tensors>> =>\n      inTurn(ready(of, feeds, watch, key, where),',
          replace:
            '      where: Layout,\n      others?: typeof elsewhere,\n    ): Promise<Result<Tensors>> =>\n      inTurn(ready(of, feeds, watch, key, where, others),',
        },
        {
          find: 'const openSession =\n',
          replace: 'const elsewhere = new Map<string, Promise<Result<Done<Prepared>>>>()\n\nconst openSession =\n',
        },
        {
          find: '        const all = await Promise.all([...recorded.values()])\n',
          replace: '        const all = await Promise.all([...recorded.values()])\n        elsewhere.clear()\n',
        },
      ],
    },
  ),
  executor(
    'plan',
    'afresh, a bind group is known by its kernel, its numbers and its buffers, not by where it begins in them',
    asked,
    '      const group = device.createBindGroup({',
    `      const ofGroup = JSON.stringify([launch.shader, launch.dims, launch.params, launch.bindings.map(({ buffer }) => buffer)])
      const before = groupsMade.get(ofGroup)
      if (before !== undefined) return { pipeline, group: before }
      const group = device.createBindGroup({`,
    {
      and: [
        {
          find: '    const dispatches = plan.launches.map((launch, i) => {\n',
          replace:
            '    const groupsMade = new Map<string, GPUBindGroup>()\n    const dispatches = plan.launches.map((launch, i) => {\n',
        },
        {
          find: '      return { pipeline, group }\n',
          replace: '      groupsMade.set(ofGroup, group)\n      return { pipeline, group }\n',
        },
      ],
    },
  ),
  executor(
    'plan',
    'afresh, bindings are set where the pipeline is another one',
    ['rnn', 'programs'],
    '        pass.setPipeline(pipeline)\n        pass.setBindGroup(0, group)\n',
    '        if (dispatches[i - 1]?.pipeline !== pipeline) {\n          pass.setPipeline(pipeline)\n          pass.setBindGroup(0, group)\n        }\n',
  ),
  uniforms(
    'plan',
    'afresh, blocks of more than 256 bytes run into the next',
    asked,
    'end += alignTo(stretch.size, alignment)',
    'end += alignment',
  ),
]
