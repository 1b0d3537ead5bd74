import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Programs of several nodes once more: conditions a little too wide, keys that leave something out, and what is done too early. */

const plan = mutantsOf('accelerated/plan')
const arrange = mutantsOf('accelerated/arrange')
const groups = mutantsOf('accelerated/groups')
const fuse = mutantsOf('accelerated/fuse')
const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const max = mutantsOf('accelerated/layers/maxPool2d')
const norm = mutantsOf('accelerated/layers/batchNormTraining')

const asked = ['sgd', 'programs'] as const

export const lastlyPlans: readonly Mutant[] = [
  // memory
  plan(
    'plan',
    'buffers are given out in the order in which values go',
    asked,
    '[...lives].sort((a, b) => a.first - b.first)',
    '[...lives].sort((a, b) => a.last - b.last)',
  ),
  plan(
    'plan',
    'what is fed, or state, has room until its last reader only',
    asked,
    '.forEach((resident) => extend(resident, -1, end))',
    '.forEach((resident) => extend(resident, -1, always.includes(resident) ? -1 : end))',
  ),
  plan(
    'plan',
    'of the buffers in use the last twelve are known',
    asked,
    'busy: [...busy, { buffer, until: life.last }],',
    'busy: [...busy, { buffer, until: life.last }].slice(-12),',
  ),
  plan(
    'plan',
    'a value that a state becomes has room until its last reader',
    asked,
    '        kept,\n      ),\n    ),',
    '        kept.filter(({ key }) => !key.startsWith(`value `) || watch.some((name) => key === `value ${name}`)),\n      ),\n    ),',
  ),
  plan(
    'plan',
    'a value that a state becomes is not kept where a formula is fused to it',
    asked,
    'new Set(kept.map(({ key }) => key))',
    'new Set(watch.map((name) => locate(named(name)).root.key))',
  ),
  plan(
    'time',
    'of states that become each other the first is overwritten at once',
    asked,
    'const overwritten = new Set(changing.map(([to]) => to))',
    'const overwritten = new Set(changing.slice(1).map(([to]) => to))',
  ),
  plan(
    'time',
    'updates made together are made where the first of them stands',
    asked,
    'group.nodes.at(-1)',
    'group.nodes[0]',
  ),
  // numbers that are fed
  plan(
    'repeated',
    'of a node’s launches all have the fed numbers of its first',
    [...asked, 'batchNormTraining', 'localResponseNorm'],
    'lowered.get(node)?.[k]',
    'lowered.get(node)?.[0]',
  ),
  arrange(
    'repeated',
    'of a node’s attributes only the first may be fed',
    asked,
    'Object.values(attrs).some((value)',
    'Object.values(attrs).slice(0, 1).some((value)',
  ),
  groups(
    'attribute',
    'updates whose rates are fed are made together, whichever feed each has',
    asked,
    'Object.entries(node.attrs).sort(),\n    launches',
    "Object.entries(node.attrs)\n      .map(([name, value]) => [name, typeof value === 'object' ? 'fed' : value])\n      .sort(),\n    launches",
  ),
  backend(
    'repeated',
    'where other values are watched than the outputs, fed numbers stay those of the first such step',
    asked,
    'attributeFeeds(of.program).length === 0 ?',
    "attributeFeeds(of.program).length === 0 || (key !== firstKey && key.startsWith('step')) ?",
  ),
  backend(
    'repeated',
    'in another program on a state fed numbers stay those of its first run',
    asked,
    'attributeFeeds(of.program).length === 0 ?',
    "attributeFeeds(of.program).length === 0 || key.startsWith('run') ?",
  ),
  backend(
    'repeated',
    'a step that is begun has the fed numbers of the step before',
    asked,
    'executor.start(prepared, feeds, planned)',
    'executor.start(prepared, feeds)',
  ),
  // what is known by what
  backend(
    'repeated',
    'a step that is begun is the one of the outputs, whatever is watched',
    asked,
    'ready(checked, feeds, watch, stepKey(watch), layout)',
    'ready(checked, feeds, watch, firstKey, layout)',
  ),
  backend(
    'repeated',
    'another program on a state is known by its nodes whole and what is watched, not by its shapes',
    asked,
    '`run ${JSON.stringify([other, watch])}`',
    '`run ${JSON.stringify([other.nodes, watch])}`',
  ),
  executor(
    'repeated',
    'what went up ahead for one recorded step counts for all',
    asked,
    'ahead: new Map<string, Tensor>() }',
    'ahead: gone }',
    {
      and: [
        {
          find: '  const refusals = new Map<string, string>()\n',
          replace: '  const refusals = new Map<string, string>()\n  const gone = new Map<string, Tensor>()\n',
        },
      ],
    },
  ),
  executor(
    'repeated',
    'a feed goes up again if it is another array of numbers',
    asked,
    'if (ahead.get(name) !== value) uploadFeed(prepared, name, value)',
    'if (ahead.get(name)?.data !== value.data) uploadFeed(prepared, name, value)\n        ahead.set(name, value)',
    {
      and: [{ find: '      ahead.clear()\n', replace: '' }],
      equivalent: 'A tensor is a value: an array that was fed is not written into.',
    },
  ),
  arrange(
    'plan',
    'a node leaves what it has to another op of the same inputs and attributes',
    asked,
    'JSON.stringify([op, Object.entries(attrs).sort()',
    'JSON.stringify([Object.entries(attrs).sort()',
  ),
  arrange(
    'plan',
    'all updates made together have one table of owners',
    asked,
    'key: `owners of ${members[0]?.does[0]?.node} ${k}`',
    'key: `owners of ${k}`',
  ),
  groups(
    'plan',
    'what is updated together lies where that of other updates does',
    asked,
    'const root = `group ${name}, ${tensor} of ${k}`',
    'const root = `group, ${tensor} of ${k}`',
  ),
  // both directions at once
  arrange(
    'time',
    'both directions at once, though the cotangent is the loss itself',
    asked,
    '(madeAt.get(value) ?? -1) < twin',
    '(madeAt.get(value) ?? -1) <= twin',
  ),
  cross(
    'batch',
    'both directions at once, every row by the first cotangent',
    ['softmaxCrossEntropy', 'programs'],
    'dims: { each: none ? 1 : 0 }',
    'dims: { each: 0 }',
  ),
  cross(
    'divisor',
    'both directions at once, row by row: a gradient is that of a mean',
    ['softmaxCrossEntropy', 'programs'],
    "shared: none ? [] : ['dloss'],\n            dims: { each: none ? 1 : 0 },\n            params: { scale },",
    "shared: none ? [] : ['dloss'],\n            dims: { each: none ? 1 : 0 },\n            params: { scale: none ? 1 : 1 / N },",
  ),
  max(
    'plan',
    'of ties that go to the last, a choice that is kept is not looked up, nor made again',
    ['maxPool2d', 'programs'],
    "bind: { choice: kept('choice') ? keptScratch('choice') : scratch('choice'), ...given }",
    "bind: { choice: kept('choice') && attrs.ties === 'first' ? keptScratch('choice') : scratch('choice'), ...given }",
    {
      and: [
        {
          find: "return kept('choice') ? launches(dx) :",
          replace: "return kept('choice') ? { launches: [dx], scratch: { choice: planes * Ho * Wo } } :",
        },
      ],
    },
  ),
  norm(
    'plan',
    'backward takes the mean that is kept and the running variance',
    ['batchNormTraining', 'programs'],
    "? [keptScratch('mean'), keptScratch('variance')]",
    "? [keptScratch('mean'), input('runningVar')]",
  ),
  // what is fused
  arrange(
    'plan',
    'what is fused is kept for those only that read it afterwards',
    asked,
    'some((reader) => reader !== at)',
    'some((reader) => reader > at)',
  ),
  arrange(
    'time',
    'a formula is fused before the launch right before it has read what it changes',
    asked,
    'some((r) => r >= chosen.maker && r < at)',
    'some((r) => r >= chosen.maker && r < at - 1)',
  ),
  arrange(
    'plan',
    'a fused launch binds one tensor more than a shader may',
    asked,
    'bindingsOf(together) <= limits.maxStorageBuffersPerShaderStage',
    'bindingsOf(together) <= limits.maxStorageBuffersPerShaderStage + 1',
    { unseen: 'Many operands are refused with a code, which is no wrong answer: their program is told as not run.' },
  ),
  arrange(
    'plan',
    'updates made together are fused to what makes the first gradient',
    asked,
    'second?.launch.mapped === undefined || second.does.length > 1',
    'second?.launch.mapped === undefined',
  ),
  arrange(
    'time',
    'of what a formula reads beside only the first is asked whether it is there',
    asked,
    'const early = beside.some((name)',
    'const early = beside.slice(0, 1).some((name)',
  ),
  arrange(
    'time',
    'a formula that changes two states is asked for the readers of the first only',
    asked,
    'const wanted = places.some((resident)',
    'const wanted = places.slice(0, 1).some((resident)',
  ),
  fuse(
    'index',
    'of two formulas what is kept and what is made of it change places',
    asked,
    '...(kept ? [`first.${made}`] : []),\n    ...formula.writes.map((name) => `second.${name}`),',
    '...formula.writes.map((name) => `second.${name}`),\n    ...(kept ? [`first.${made}`] : []),',
  ),
  fuse(
    'index',
    'of what a formula reads beside, all is the first of it',
    asked,
    'let own_${name} = ${prefix}${name}(i);',
    'let own_${name} = ${prefix}${others[0]}(i);',
  ),
  // what is read again
  groups(
    'time',
    'what a node reads as a cotangent it does not read',
    asked,
    '  ...Object.values(node.cotangents),\n',
    '',
  ),
  groups(
    'time',
    'a state is renewed in its place though a node that stands behind its next reader reads it',
    asked,
    '(readers.get(value) ?? []).some((reader) => {',
    '(readers.get(value) ?? []).filter((reader) => reader > at).slice(0, 1).some((reader) => {',
  ),
  groups(
    'time',
    'updates are made together though what one makes is read right before the last',
    asked,
    'nodes.slice(start, end + 1).some(',
    'nodes.slice(start, end - 1).some(',
  ),
]
