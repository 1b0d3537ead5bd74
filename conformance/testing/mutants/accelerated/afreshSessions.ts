import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Runs and sessions afresh: numbers that a caller holds on to, or fills again, and sessions of one program. */

const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')

const asked = ['sgd', 'programs'] as const

export const afreshSessions: readonly Mutant[] = [
  // numbers that a caller holds on to
  executor(
    'repeated',
    'afresh, answers lie where the next answers of their names and shapes will',
    asked,
    '[name, await readBack(staging, shape)] as const',
    '[name, held(name, await readBack(staging, shape))] as const',
    {
      and: [
        {
          find: '  const collect = async',
          replace: `  const answers = new Map<string, Float32Array>()
  const held = (name: string, { shape, data }: Tensor): Tensor => {
    const key = JSON.stringify([name, shape])
    const own = answers.get(key) ?? new Float32Array(data.length)
    own.set(data)
    answers.set(key, own)
    return { shape, data: own }
  }
  const collect = async`,
        },
      ],
    },
  ),
  backend(
    'repeated',
    'afresh, a state that is brought back changes with the next that is',
    asked,
    '        values[name] = value.right\n',
    `          const own = (shown[name] ??= new Float32Array(value.right.data.length))
          own.set(value.right.data)
          values[name] = { shape, data: own }
`,
    {
      and: [
        {
          find: '    let open = true\n',
          replace: '    let open = true\n    const shown: Record<string, Float32Array> = {}\n',
        },
      ],
    },
  ),
  executor(
    'repeated',
    'afresh, a feed does not go up whose ends are those of the one before',
    asked,
    'if (ahead.get(name) !== value) uploadFeed',
    'const same = endsAgree(prepared, name, value)\n        if (ahead.get(name) !== value && !same) uploadFeed',
    {
      and: [
        {
          find: '  /** Hands a run over to the device; its answers come to the staging buffers. */\n',
          replace: `  const ends = new WeakMap<Prepared, Map<string, string>>()
  const endsAgree = (prepared: Prepared, name: string, { data }: Tensor): boolean => {
    const own = ends.get(prepared) ?? new Map<string, string>()
    ends.set(prepared, own)
    const now = [data[0], data[1], data[data.length - 2], data[data.length - 1]].join()
    const agree = data.length > 4 && own.get(name) === now
    own.set(name, now)
    return agree
  }
`,
        },
      ],
    },
  ),
  executor(
    'repeated',
    'afresh, an array goes up again only where it is another one',
    asked,
    'if (at !== undefined) upload(buffers[at.buffer] as GPUBuffer, at.offset, value.data)',
    `if (at === undefined || lastUp.get(buffers[at.buffer] as GPUBuffer)?.get(name) === value.data) return
    const up = lastUp.get(buffers[at.buffer] as GPUBuffer) ?? new Map<string, Numbers>()
    lastUp.set(buffers[at.buffer] as GPUBuffer, up.set(name, value.data))
    upload(buffers[at.buffer] as GPUBuffer, at.offset, value.data)`,
    {
      and: [
        {
          find: '  const uploadFeed = (',
          replace: '  const lastUp = new WeakMap<GPUBuffer, Map<string, Numbers>>()\n  const uploadFeed = (',
        },
      ],
      equivalent: 'A tensor is a value: an array that was fed is not written into.',
    },
  ),
  // sessions
  backend(
    'repeated',
    'afresh, a session that is opened again goes on where the last one of its program ended',
    asked,
    '        within.map((name) => ({ first: homeOf(name).first, value: state[name] as Tensor })),',
    '        within.map((name) => ({ first: homeOf(name).first, value: (ended.get(JSON.stringify(program))?.[name] ?? state[name]) as Tensor })),',
    {
      and: [
        {
          find: 'const openSession =\n',
          replace: 'const ended = new Map<string, Record<string, Tensor>>()\n\nconst openSession =\n',
        },
        {
          find: '      return E.right(values)\n    }\n\n    const checkOther',
          replace:
            '      ended.set(JSON.stringify(program), values)\n      return E.right(values)\n    }\n\n    const checkOther',
        },
      ],
    },
  ),
]
