import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Programs of several nodes anew: what is forgotten in one of several like places, zeros that pass for nothing, and names that agree. */

const plan = mutantsOf('accelerated/plan')
const arrange = mutantsOf('accelerated/arrange')
const groups = mutantsOf('accelerated/groups')
const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')

const asked = ['sgd', 'programs'] as const

export const anewPlans: readonly Mutant[] = [
  // numbers that are fed
  plan(
    'repeated',
    'a number that is fed as 0 stays what it was',
    asked,
    'params.get(launch.names.params[i] as string) ?? old',
    'params.get(launch.names.params[i] as string) || old',
  ),
  plan(
    'repeated',
    'an integer that is fed as 0 stays what it was',
    [...asked, 'dropout'],
    'return next === undefined || next === launch.asked[name] ? old : next',
    'return !next || next === launch.asked[name] ? old : next',
  ),
  plan(
    'repeated',
    'of attributes that are fed those of nodes backward stay as they were',
    asked,
    'nodes.filter(isFed),\n    E.traverseArray',
    "nodes.filter((checked) => isFed(checked) && checked.node.direction === 'forward'),\n    E.traverseArray",
  ),
  backend(
    'repeated',
    'numbers are made anew where the first that is fed is another one',
    asked,
    'attributeFeeds(of.program).length === 0 ? E.right(made) : atFeeds(made, of, feeds, at),',
    'attributeFeeds(of.program).length === 0 ? E.right(made) : anew(key, feeds[attributeFeeds(of.program)[0] as string], () => atFeeds(made, of, feeds, at)),',
    {
      and: [
        {
          find: '    const recorded = new Map<string, Promise<Result<Done<Prepared>>>>()\n',
          replace: `    const recorded = new Map<string, Promise<Result<Done<Prepared>>>>()
    const last = new Map<string, { readonly fed: number | undefined; readonly made: Result<Plan> }>()
    const anew = (key: string, fed: Tensor | undefined, make: () => Result<Plan>): Result<Plan> => {
      const before = last.get(key)
      const made = before !== undefined && before.fed === fed?.data[0] ? before.made : make()
      last.set(key, { fed: fed?.data[0], made })
      return made
    }
`,
        },
      ],
    },
  ),
  arrange(
    'repeated',
    'what is fused has the fed numbers of its node’s first launch',
    [...asked, 'batchNormTraining'],
    'second.does.map((deed) => ({ ...deed, prefix }))',
    'second.does.map((deed) => ({ ...deed, prefix, launch: 0 }))',
  ),
  // steps, states and other programs
  executor(
    'repeated',
    'what goes up ahead for a second time does not',
    asked,
    '          uploadFeed(prepared, name, value)\n          prepared.ahead.set(name, value)',
    '          if (!prepared.ahead.has(name)) uploadFeed(prepared, name, value)\n          prepared.ahead.set(name, value)',
  ),
  executor(
    'repeated',
    'of steps on their way each brings back what the last one makes',
    asked,
    'collect(wanted)) })',
    'collect(newest)) })',
    {
      and: [
        {
          find: '  const start: Executor[',
          replace: '  let newest: readonly Awaited[] = []\n  const start: Executor[',
        },
        {
          find: '    const wanted: Awaited[] = []\n    const started',
          replace: '    const wanted: Awaited[] = []\n    newest = wanted\n    const started',
        },
      ],
    },
  ),
  backend(
    'repeated',
    'a state that was brought back stays so where the steps after it are begun',
    asked,
    'state: async () => {\n',
    'state: async () => {\n        if (open && known !== undefined) return E.right(known)\n',
    {
      and: [
        {
          find: '      return E.right(values)\n    }\n\n    const checkOther',
          replace: '      known = values\n      return E.right(values)\n    }\n\n    const checkOther',
        },
        {
          find: '    let open = true\n',
          replace: '    let open = true\n    let known: Record<string, Tensor> | undefined\n',
        },
        {
          find: '          replay(checked, feeds, watch, stepKey(watch), layout),',
          replace:
            '          replay(checked, feeds, watch, stepKey(watch), layout).finally(() => (known = undefined)),',
        },
      ],
    },
  ),
  backend(
    'repeated',
    'a recorded step is known by the names that are watched, put together',
    asked,
    '`step ${JSON.stringify(watch)}`',
    '`step ${watch.join()}`',
  ),
  backend(
    'repeated',
    'another program on a state is known by all of its nodes but their attributes',
    asked,
    '`run ${JSON.stringify([other, watch])}`',
    '`run ${JSON.stringify([other.inputs, other.nodes.map((node) => ({ ...node, attrs: {} })), watch])}`',
  ),
  groups(
    'plan',
    'in another program values lie where those of the same names do in a step',
    asked,
    'const own = [...homes].filter(([name]) => state.includes(name))',
    'const own = [...homes]',
  ),
  plan(
    'plan',
    'in another program a value of a state’s name is made where the state lies',
    asked,
    'room !== undefined && lasting.has(i)',
    'room !== undefined',
  ),
  // memory
  plan(
    'plan',
    'states that lie beside others have room until their last reader only',
    asked,
    'Object.keys(program.inputs).map((name) => locate(named(name)).root)',
    'Object.keys(program.inputs).map((name) => named(name))',
  ),
  plan(
    'plan',
    'what is watched is kept where it would lie by itself',
    asked,
    '[from, to])].map(\n        (resident) => locate(resident).root,\n      )',
    '[from, to])]',
  ),
  groups(
    'plan',
    'a gradient that is what another state becomes lies beside others',
    asked,
    'homes.has(value) && !isNextOf(lot, value)',
    'homes.has(value) && !next.has(value)',
  ),
  plan(
    'plan',
    'a copy of a gradient that lies beside others is none',
    asked,
    'return layout.homes.has(name) || Object.hasOwn(program.carry, name)',
    'return Object.hasOwn(program.carry, name)',
  ),
  // what one node has of another
  arrange(
    'index',
    'a node leaves what it has to the same op of the same inputs in other places',
    asked,
    'Object.entries(inputs).sort()])',
    'Object.values(inputs).sort()])',
  ),
  // what is fused
  arrange(
    'plan',
    'what is watched is not kept where a formula reads a copy of it',
    asked,
    'kept.has(locate(chosen.resident).root.key)',
    'kept.has(chosen.resident.key)',
  ),
  arrange(
    'plan',
    'a formula is fused over the first that a launch writes, whichever it reads',
    asked,
    'first.launch.kernel.writes.includes(name) && keyOf(first.binds[name] as Resident) === chosen.key',
    'first.launch.kernel.writes.includes(name)',
  ),
  arrange(
    'time',
    'what is fused is no reader any more of what it reads beside',
    asked,
    'if (set?.delete(at) === true) set.add(chosen.maker)',
    'set?.delete(at)',
  ),
  // updates made together, and in their places
  groups(
    'plan',
    'an update that renews some of what it makes in its place is made together with others',
    asked,
    'return own.every((pair) => pair !== undefined && sound(pair)) ? own.filter((pair) => pair !== undefined) : []',
    'return own.filter((pair) => pair !== undefined && sound(pair)) as readonly Pair[]',
  ),
  groups(
    'index',
    'a value is renewed in the place of the state that it becomes, though it is made of another',
    asked,
    'mapped?.formula.reads.find((name) => valueOf(checked, bind[name]) === state)',
    'mapped?.formula.reads[mapped.formula.writes.indexOf(written)]',
  ),
  groups(
    'time',
    'updates are made together though the second thing that one makes is read before the last',
    asked,
    'readBy(node).some((value) => isNextOf(lot, value)))',
    'readBy(node).some((value) => lot.some(({ pairs }) => pairs[0]?.next === value)))',
  ),
  groups(
    'attribute',
    'updates of one rate are made together, whatever else they have',
    asked,
    'Object.entries(node.attrs).sort(),\n    launches',
    "node.attrs['learningRate'],\n    launches",
  ),
]
