import type { AgentName, PolicyRecipe, QRecipe, Recipe } from './agent.js'
import type { Environment } from './environment.js'

type Default<R extends Recipe> = Omit<R, 'agent' | 'seed' | 'until'>

const policy: Default<PolicyRecipe> = {
  steps: 100_000,
  places: 16,
  layers: { hidden: [64, 64], activation: 'tanh' },
  discount: 0.99,
  scale: 1,
  learningRate: 0.002,
  horizon: 16,
  lambda: 0.95,
  entropy: 0.01,
  value: 0.5,
}

const values: Default<QRecipe> = {
  steps: 50_000,
  places: 16,
  layers: { hidden: [64, 64], activation: 'relu' },
  discount: 0.99,
  scale: 1,
  learningRate: 0.001,
  batch: 64,
  capacity: 20_000,
  warmup: 1000,
  updates: 2,
  copyEvery: 100,
  exploration: { from: 1, to: 0.05, by: 0.3 },
}

const policyBy: Readonly<Record<string, Partial<Default<PolicyRecipe>>>> = {
  gridworld: { steps: 60_000, horizon: 8, layers: { hidden: [32], activation: 'tanh' }, learningRate: 0.005 },
  cartpole: { steps: 300_000, scale: 0.05 },
  catch: { steps: 40_000, layers: { hidden: [64], activation: 'relu' } },
}

// whole episodes are few updates, which may go further
const episodesBy: Readonly<Record<string, Partial<Default<PolicyRecipe>>>> = {
  gridworld: { steps: 40_000, learningRate: 0.01 },
  cartpole: { steps: 120_000, places: 8, learningRate: 0.01 },
}

const valuesBy: Readonly<Record<string, Partial<Default<QRecipe>>>> = {
  cartpole: { steps: 40_000, scale: 0.05, updates: 4 },
  gridworld: { steps: 20_000, layers: { hidden: [32], activation: 'relu' } },
  catch: { steps: 20_000, layers: { hidden: [64], activation: 'relu' } },
}

/** What an agent learns an environment by, unless it is told otherwise. */
export const recipeFor = (agent: AgentName, { name }: Environment, seed: number): Recipe =>
  agent === 'reinforce' || agent === 'actorCritic'
    ? { ...policy, ...policyBy[name], ...(agent === 'reinforce' ? episodesBy[name] : {}), agent, seed }
    : { ...values, ...valuesBy[name], agent, seed }
