import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Plans of December: what is left out as nobody needs it, what passes for made before, and fed numbers. */

const plan = mutantsOf('accelerated/plan')
const arrange = mutantsOf('accelerated/arrange')
const groups = mutantsOf('accelerated/groups')
const uniforms = mutantsOf('accelerated/uniforms')

const asked = ['sgd', 'programs'] as const

export const decemberPlans: readonly Mutant[] = [
  // what is left out
  plan(
    'repeated',
    'in December, a step of which nothing is watched carries nothing over',
    asked,
    'carries: moves.map(',
    'carries: (watch.length === 0 ? [] : moves).map(',
  ),
  plan(
    'plan',
    'in December, what nobody reads or watches is not made, though a state becomes it',
    asked,
    '      const launches = plain\n        ? some\n        : fused(\n            some.map(',
    `      const rootOf = (resident: Resident | undefined): string => locate(resident as Resident).root.key
      const needed = new Set([
        ...watch.map((name) => rootOf(named(name))),
        ...some.flatMap(({ launch: { kernel }, binds }) =>
          [...kernel.reads, ...kernel.rereads].map((name) => rootOf(binds[name])),
        ),
      ])
      const live = some.filter(({ launch: { kernel }, binds }) =>
        kernel.writes.some((name) => needed.has(rootOf(binds[name]))),
      )
      const launches = plain
        ? some
        : fused(
            live.map(`,
  ),
  plan(
    'plan',
    'in December, a feed that no launch reads does not go up',
    asked,
    '.filter((name) => of[locate(named(name)).root.key] !== undefined)',
    `.filter((name) => of[locate(named(name)).root.key] !== undefined)
            .filter((name) =>
              launches.some(({ bindings }) => bindings.some(({ buffer }) => buffer === placeOf(named(name)).buffer)),
            )`,
  ),
  // what passes for made before
  arrange(
    'plan',
    'in December, a formula of the same tensors and integers is made once, whatever its other numbers',
    asked,
    '  const left = bound.filter(({ launch: { mapped }, binds }) => {\n',
    `  const made = new Map<string, BoundLaunch['binds']>()
  const left = bound.filter(({ launch: { mapped, dims }, binds }) => {
    if (mapped !== undefined && mapped.formula.writes.every((name) => !stays(binds[name] as Resident))) {
      const { name, reads, writes } = mapped.formula
      const own = (resident: Resident | undefined): Resident =>
        aliases.get((resident as Resident).key) ?? (resident as Resident)
      const key = JSON.stringify([name, dims, reads.map((tensor) => own(binds[tensor]).key)])
      const before = made.get(key)
      if (before !== undefined) {
        writes.forEach((tensor) => aliases.set((binds[tensor] as Resident).key, own(before[tensor])))
        return false
      }
      made.set(key, binds)
    }
`,
  ),
  groups(
    'plan',
    'in December, updates are made together whichever states their results become',
    asked,
    'pairs.map(({ launch, read, written }) => [launch, read, written]),',
    'pairs.length,',
  ),
  // fed numbers
  plan(
    'attribute',
    'in December, of numbers that are fed those follow that the kernel has as they are, not what is made of them',
    ['adamw', 'programs'],
    'params.get(launch.names.params[i] as string) ?? old)',
    '(/(^|_)(kept|scale|rest.?|ln_.*)$/.test(launch.names.params[i] as string) ? undefined : params.get(launch.names.params[i] as string)) ?? old)',
  ),
  plan(
    'plan',
    'in December, parts of a split launch whose numbers are fed count the units of the whole',
    ['batchNormTraining', 'programs'],
    'return next === undefined || next === launch.asked[name] ? old : next',
    'return next ?? old',
    {
      on: 'small bindings',
      unseen:
        'A part whose last workgroup goes past its units, and a reader of what it writes there before the next part does.',
    },
  ),
  uniforms(
    'plan',
    'in December, blocks of the same numbers are one, as they were at first',
    asked,
    '  const take = (numbers: readonly number[]): Stretch => {\n    const stretch',
    `  const taken = new Map<string, Stretch>()
  const take = (numbers: readonly number[], kind: string): Stretch => {
    const key = \`\${kind} \${numbers.join()}\`
    const before = taken.get(key)
    if (before !== undefined) return before
    const stretch`,
    {
      and: [
        { find: '    return stretch\n', replace: '    taken.set(key, stretch)\n    return stretch\n' },
        { find: 'take(dims), params: take(params)', replace: "take(dims, 'dims'), params: take(params, 'params')" },
        {
          file: 'accelerated/executor.ts',
          find: '(launches: readonly PlannedLaunch[], alignment: number) => {\n  const { total, blocks } = uniformLayout(launches,',
          replace:
            '(launches: readonly PlannedLaunch[], alignment: number, first = launches) => {\n  const { total, blocks } = uniformLayout(first,',
        },
        {
          file: 'accelerated/executor.ts',
          find: '({ uniforms, blocks }: Prepared, launches',
          replace: '({ plan, uniforms, blocks }: Prepared, launches',
        },
        {
          file: 'accelerated/executor.ts',
          find: 'packUniforms(launches, uniformAlignment)',
          replace: 'packUniforms(launches, uniformAlignment, plan.launches)',
        },
      ],
    },
  ),
]
