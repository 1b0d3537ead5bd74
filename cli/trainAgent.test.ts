import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { taskEither as TE } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import { plainF32 } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import type { Backend } from '../spec/backend.js'
import { etalonError, getOrThrow } from '../spec/error.js'
import type { Tensors } from '../spec/tensor.js'
import { scalar } from '../spec/tensor.js'
import { agentNames } from '../training/agents/agent.js'
import type { Screen } from './terminal.js'
import type { AgentRim, AgentTrainingOptions } from './trainAgent.js'
import { trainAgentAt } from './trainAgent.js'

const folder = await mkdtemp(join(tmpdir(), 'etalon-agent-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

const options: AgentTrainingOptions = { seed: 1, episodes: 4, lockstep: 0, device: 'auto' }

const trained = async (
  agent: string,
  environment: string,
  given: Partial<AgentTrainingOptions> = {},
  rim: Partial<AgentRim> = {},
) => {
  const written: Record<'out' | 'err', string> = { out: '', err: '' }
  const screen = (name: 'out' | 'err'): Screen => ({ write: (text) => (written[name] += text) })
  const rimAt: AgentRim = {
    open: () => TE.right(plainF32),
    oracle,
    out: screen('out'),
    err: screen('err'),
    now: () => 0,
    ...rim,
  }
  return { code: await trainAgentAt(rimAt, agent, environment, { ...options, ...given }), ...written }
}

const summaryOf = (out: string) => JSON.parse(out.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>

const small = { steps: 200, hidden: [6], places: 4 } as const
const smallOf = (agent: string): Partial<AgentTrainingOptions> =>
  agent.includes('qn') || agent.includes('Dqn') ? { ...small, capacity: 60, batch: 8, updates: 1 } : small

describe.each(agentNames)('%s', (agent) => {
  test('learns in lockstep with the reference, every node of its step within bounds', async () => {
    const { code, out, err } = await trained(agent, 'gridworld', { ...smallOf(agent), lockstep: 2, json: true })
    expect(err).toMatch(/update 1 in lockstep: \d\d nodes within bounds/)
    expect(err).toMatch(/update 2 in lockstep: \d\d nodes within bounds/)
    expect(code).toBe(0)
    const summary = summaryOf(out)
    expect(summary).toMatchObject({ agent, environment: 'gridworld', lockstep: { updates: 2 } })
    expect((summary['lockstep'] as { readonly worstRatio: number }).worstRatio).toBeLessThanOrEqual(1)
    expect(summary['values']).toHaveLength(9)
  })

  test('that is broken off goes on from its checkpoint to the same bytes', async () => {
    const given = smallOf(agent)
    const whole = await trained(agent, 'cartpole', { ...given, checkpoint: at(`${agent}-whole`) })
    expect(whole.code).toBe(0)
    let asked = 0
    const broken = await trained(
      agent,
      'cartpole',
      { ...given, checkpoint: at(`${agent}-part`) },
      {
        interrupted: () =>
          ++asked > 20 || (agent === 'reinforce' && asked > 1) || (agent === 'actorCritic' && asked > 2),
      },
    )
    expect(broken.code).toBe(130)
    expect(broken.out).toMatch(/its state is in .*; to go on:\n {2}etalon train-agent/)
    const resumed = await trained(agent, 'cartpole', {
      ...given,
      resume: at(`${agent}-part`),
      checkpoint: at(`${agent}-part`),
    })
    expect(resumed.code).toBe(0)
    expect(resumed.out).toContain('goes on after')
    expect(Buffer.compare(await readFile(at(`${agent}-part`)), await readFile(at(`${agent}-whole`)))).toBe(0)
  })
})

describe('etalon train-agent', () => {
  test('an actor and its critic learn to keep a pole upright for longer', async () => {
    const { code, out } = await trained('actorCritic', 'cartpole', {
      steps: 6000,
      hidden: [16],
      horizon: 16,
      places: 8,
      learningRate: 0.01,
      episodes: 20,
      json: true,
    })
    expect(code).toBe(0)
    const { meanReturn, curve } = summaryOf(out) as {
      readonly meanReturn: number
      readonly curve: readonly { readonly mean: number }[]
    }
    // chance keeps it up for some 22 steps
    expect(curve[0]?.mean).toBeLessThan(40)
    expect(meanReturn).toBeGreaterThan(80)
  })

  test('says what the grid’s cells are worth, learnt beside exact', async () => {
    const { code, out } = await trained('dqn', 'gridworld', { ...smallOf('dqn') })
    expect(code).toBe(0)
    expect(out).toMatch(/exactly:\n( {2}.*\n){3}values are off by \d\.\d+, root mean square/)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('a node that is wrong ends the training with its name', async () => {
    const wrong: Backend = {
      ...plainF32,
      run: (program, feeds, watch) =>
        TE.map((values: Tensors) => ('loss.value' in values ? { ...values, 'loss.value': scalar(7) } : values))(
          plainF32.run(program, feeds, watch),
        ),
    }
    const { code, err } = await trained(
      'actorCritic',
      'gridworld',
      { ...small, lockstep: 1 },
      { open: () => TE.right(wrong) },
    )
    expect(code).toBe(1)
    expect(err).toMatch(/update 1: node loss.value \(mse forward\) is outside its bound/)
  })

  test('bad input is refused with a code before anything is opened', async () => {
    const never: Partial<AgentRim> = { open: () => () => Promise.reject(new Error('it was opened')) }
    const refused = async (agent: string, environment: string, given: Partial<AgentTrainingOptions> = {}) => {
      const { code, out, err } = await trained(agent, environment, given, never)
      expect(code).toBe(2)
      expect(out).toBe('')
      return err
    }
    expect(await refused('sarsa', 'catch')).toMatch(/^etalon: AttributeOutOfRange: there is no agent "sarsa"/)
    expect(await refused('dqn', 'chess')).toMatch(/^etalon: AttributeOutOfRange: there is no environment "chess"/)
    expect(await refused('dqn', 'catch', { capacity: 16 })).toMatch(
      /a replay of 16 transitions is smaller than a batch/,
    )
    expect(await refused('dqn', 'catch', { horizon: 16 })).toMatch(/UnknownAttribute: dqn has no horizon; it has batch/)
    expect(await refused('reinforce', 'catch', { copyEvery: 5 })).toMatch(/reinforce has no copy-every/)
    expect(await refused('dqn', 'catch', { checkpoint: at('no/where') })).toMatch(/cannot be written/)
    expect(await refused('dqn', 'catch', { resume: at('nothing') })).toMatch(/FileUnreadable/)
    await writeFile(at('text'), 'no tensors')
    expect(await refused('dqn', 'catch', { resume: at('text') })).toMatch(/FormatInvalid/)
    await trained('dqn', 'gridworld', { ...smallOf('dqn'), checkpoint: at('grid') })
    expect(await refused('dqn', 'catch', { ...smallOf('dqn'), resume: at('grid') })).toMatch(
      /it is of another training: environment is "gridworld" there and "catch" here/,
    )
    const { tensors, metadata = {} } = getOrThrow(decodeSafetensors(await readFile(at('grid'))))
    const spoilt = async (file: Parameters<typeof encodeSafetensors>[0]): Promise<string> => {
      await writeFile(at('spoilt'), encodeSafetensors(file))
      return refused('dqn', 'gridworld', { ...smallOf('dqn'), resume: at('spoilt') })
    }
    expect(await spoilt({ tensors: tensors.slice(1), metadata })).toMatch(/MissingInput/)
    expect(await spoilt({ tensors, metadata: { ...metadata, next: '60' } })).toMatch(/its replay holds 60 transitions/)
    expect(await spoilt({ tensors, metadata: { ...metadata, progress: '{}' } })).toMatch(
      /its progress has curve undefined/,
    )
  })

  test('a backend that cannot start says nothing of right and wrong', async () => {
    const { code, err } = await trained(
      'dqn',
      'catch',
      {},
      { open: () => TE.left(etalonError('BackendUnavailable', 'no')) },
    )
    expect(code).toBe(3)
    expect(err).toBe('etalon: BackendUnavailable: no\n')
  })
})
