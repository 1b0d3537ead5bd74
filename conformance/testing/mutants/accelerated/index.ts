import type { Mutant } from '../mutant.js'
import { afreshLayers } from './afreshLayers.js'
import { afreshParts } from './afreshParts.js'
import { afreshPlans } from './afreshPlans.js'
import { afreshSessions } from './afreshSessions.js'
import { anewLayers } from './anewLayers.js'
import { anewParts } from './anewParts.js'
import { anewPlans } from './anewPlans.js'
import { choices } from './choices.js'
import { convolutions } from './convolutions.js'
import { core } from './core.js'
import { decemberParts } from './decemberParts.js'
import { decemberPlans } from './decemberPlans.js'
import { decemberSessions } from './decemberSessions.js'
import { lastlyLayers } from './lastlyLayers.js'
import { lastlyParts } from './lastlyParts.js'
import { lastlyPlans } from './lastlyPlans.js'
import { latelyConvolutions } from './latelyConvolutions.js'
import { latelyLayers } from './latelyLayers.js'
import { latelyLosses } from './latelyLosses.js'
import { latelyPlans } from './latelyPlans.js'
import { latelyProducts } from './latelyProducts.js'
import { laterConvolutions } from './laterConvolutions.js'
import { laterLayers } from './laterLayers.js'
import { laterMemory } from './laterMemory.js'
import { laterParts } from './laterParts.js'
import { laterPlans } from './laterPlans.js'
import { laterProducts } from './laterProducts.js'
import { laterShared } from './laterShared.js'
import { losses } from './losses.js'
import { products } from './products.js'
import { recurrent } from './recurrent.js'
import { rest } from './rest.js'
import { together } from './together.js'
import { workgroups } from './workgroups.js'

export const accelerated: readonly Mutant[] = [
  ...products,
  ...workgroups,
  ...convolutions,
  ...rest,
  ...recurrent,
  ...losses,
  ...core,
  ...together,
  ...choices,
  ...laterConvolutions,
  ...laterParts,
  ...laterShared,
  ...laterProducts,
  ...laterLayers,
  ...laterPlans,
  ...laterMemory,
  ...latelyConvolutions,
  ...latelyLayers,
  ...latelyLosses,
  ...latelyPlans,
  ...latelyProducts,
  ...lastlyLayers,
  ...lastlyParts,
  ...lastlyPlans,
  ...anewLayers,
  ...anewParts,
  ...anewPlans,
  ...afreshLayers,
  ...afreshParts,
  ...afreshPlans,
  ...afreshSessions,
  ...decemberParts,
  ...decemberPlans,
  ...decemberSessions,
]
