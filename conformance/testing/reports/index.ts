import { convolutionsChosen } from './chosen/convolutions.js'
import { keyedChosen } from './chosen/keyed.js'
import { lossesChosen } from './chosen/losses.js'
import { movingChosen } from './chosen/moving.js'
import { normalizersChosen } from './chosen/normalizers.js'
import { optimizersChosen } from './chosen/optimizers.js'
import { poolsChosen } from './chosen/pools.js'
import { productsChosen } from './chosen/products.js'
import { recurrentChosen } from './chosen/recurrent.js'
import { rowsChosen } from './chosen/rows.js'
import { convolutionsFresh } from './fresh/convolutions.js'
import { poolsFresh } from './fresh/pools.js'
import { productsFresh } from './fresh/products.js'
import { rowsFresh } from './fresh/rows.js'
import { lossesFresh } from './fresh/losses.js'
import { normalizersFresh } from './fresh/normalizers.js'
import { movingFresh } from './fresh/moving.js'
import { recurrentFresh } from './fresh/recurrent.js'
import { optimizersFresh } from './fresh/optimizers.js'
import { restsFresh } from './fresh/rests.js'
import { convolutionsFurther } from './further/convolutions.js'
import { stepsFurther } from './further/steps.js'
import { productsFurther } from './further/products.js'
import { poolsFurther } from './further/pools.js'
import { normalizersFurther } from './further/normalizers.js'
import { featuresFurther } from './further/features.js'
import { rowsFurther } from './further/rows.js'
import { lossesFurther } from './further/losses.js'
import { movingFurther } from './further/moving.js'
import { recurrentFurther } from './further/recurrent.js'
import { optimizersFurther } from './further/optimizers.js'
import { elementwiseFurther } from './further/elementwise.js'
import { convolutionsNovel } from './novel/convolutions.js'
import { stepsNovel } from './novel/steps.js'
import { productsNovel } from './novel/products.js'
import { poolsNovel } from './novel/pools.js'
import { normalizersNovel } from './novel/normalizers.js'
import { featuresNovel } from './novel/features.js'
import { rowsNovel } from './novel/rows.js'
import { lossesNovel } from './novel/losses.js'
import { movingNovel } from './novel/moving.js'
import { recurrentNovel } from './novel/recurrent.js'
import { optimizersNovel } from './novel/optimizers.js'
import { elementwiseNovel } from './novel/elementwise.js'
import { activations } from './others/activations.js'
import { losses } from './others/losses.js'
import { moving } from './others/moving.js'
import { normalizers } from './others/normalizers.js'
import { optimizing } from './others/optimizers.js'
import { products } from './others/products.js'
import { recurrent } from './others/recurrent.js'
import { rows } from './others/rows.js'
import { convolutionsPublic } from './public/convolutions.js'
import { stepsPublic } from './public/steps.js'
import { productsPublic } from './public/products.js'
import { poolsPublic } from './public/pools.js'
import { normalizersPublic } from './public/normalizers.js'
import { rowsPublic } from './public/rows.js'
import { lossesPublic } from './public/losses.js'
import { movingPublic } from './public/moving.js'
import { joinsPublic } from './public/joins.js'
import { featuresPublic } from './public/features.js'
import { recurrentPublic } from './public/recurrent.js'
import { optimizersPublic } from './public/optimizers.js'
import { elementwisePublic } from './public/elementwise.js'
import type { Report } from './report.js'
import { alikeRare } from './rare/alike.js'
import { convolutionsRare } from './rare/convolutions.js'
import { layersRare } from './rare/layers.js'
import { lossesRare } from './rare/losses.js'
import { movingRare } from './rare/moving.js'
import { normalizersRare } from './rare/normalizers.js'
import { optimizersRare } from './rare/optimizers.js'
import { poolsRare } from './rare/pools.js'
import { productsRare } from './rare/products.js'
import { recurrentRare } from './rare/recurrent.js'
import { restRare } from './rare/rest.js'
import { elementsRare, rowsRare } from './rare/rows.js'
import { trainingRare } from './rare/training.js'
import { convolutionsSeldom } from './seldom/convolutions.js'
import { lossesSeldom } from './seldom/losses.js'
import { movingSeldom } from './seldom/moving.js'
import { normalizersSeldom } from './seldom/normalizers.js'
import { optimizersSeldom } from './seldom/optimizers.js'
import { poolsSeldom } from './seldom/pools.js'
import { productsSeldom } from './seldom/products.js'
import { recurrentSeldom } from './seldom/recurrent.js'
import { againTogether } from './together/again.js'
import { layers } from './together/layers.js'
import { lossesTogether } from './together/losses.js'
import { movingTogether } from './together/moving.js'
import { normalizersTogether } from './together/normalizers.js'
import { optimizersTogether } from './together/optimizers.js'
import { productsTogether } from './together/products.js'
import { recurrentTogether } from './together/recurrent.js'
import { rowsTogether } from './together/rows.js'
import { wholeTogether } from './together/whole.js'
import { convolutionsTold } from './told/convolutions.js'
import { poolsTold } from './told/pools.js'
import { productsTold } from './told/products.js'
import { normalizersTold } from './told/normalizers.js'
import { activationsTold } from './told/activations.js'
import { lossesTold } from './told/losses.js'
import { recurrentTold } from './told/recurrent.js'
import { optimizersTold } from './told/optimizers.js'
import { programsTold } from './told/programs.js'
import { restsTold } from './told/rests.js'
import { againLately } from './lately/again.js'
import { convolutionsLately } from './lately/convolutions.js'
import { gradientsLately } from './lately/gradients.js'
import { lossesLately } from './lately/losses.js'
import { memoryLately } from './lately/memory.js'
import { optimizersLately } from './lately/optimizers.js'
import { poolsLately } from './lately/pools.js'
import { programsLately } from './lately/programs.js'
import { recurrentLately } from './lately/recurrent.js'
import { restsLately } from './lately/rests.js'
import { convolutionsTriggered } from './triggers/convolutions.js'
import { lossesTriggered } from './triggers/losses.js'
import { movingTriggered } from './triggers/moving.js'
import { normsTriggered } from './triggers/normalizers.js'
import { optimizersTriggered } from './triggers/optimizers.js'
import { poolsTriggered } from './triggers/pools.js'
import { productsTriggered } from './triggers/products.js'
import { recurrentTriggered } from './triggers/recurrent.js'
import { convolutions } from './windows/convolutions.js'
import { pools } from './windows/pools.js'
import { filtersWoven } from './woven/filters.js'
import { fusionsWoven } from './woven/fusions.js'
import { gradientsWoven } from './woven/gradients.js'
import { joinsWoven } from './woven/joins.js'
import { memoryWoven } from './woven/memory.js'
import { productsWoven } from './woven/products.js'
import { trainingWoven } from './woven/training.js'
import { fusionsLastly } from './lastly/fusions.js'
import { joinsLastly } from './lastly/joins.js'
import { memoryLastly } from './lastly/memory.js'
import { gradientsLastly } from './lastly/gradients.js'
import { trainingLastly } from './lastly/training.js'
import { joinsAnew } from './anew/joins.js'
import { memoryAnew } from './anew/memory.js'
import { gradientsAnew } from './anew/gradients.js'
import { singlesAnew } from './anew/singles.js'
import { fusionsAfresh } from './afresh/fusions.js'
import { joinsAfresh } from './afresh/joins.js'
import { memoryAfresh } from './afresh/memory.js'
import { gradientsAfresh } from './afresh/gradients.js'
import { trainingAfresh } from './afresh/training.js'
import { fusionsNovember } from './november/fusions.js'
import { joinsNovember } from './november/joins.js'
import { gradientsNovember } from './november/gradients.js'
import { memoryNovember } from './november/memory.js'
import { trainingNovember } from './november/training.js'
import { opsNovember } from './november/ops.js'
import { fusionsDecember } from './december/fusions.js'
import { gradientsDecember } from './december/gradients.js'
import { memoryDecember } from './december/memory.js'
import { trainingDecember } from './december/training.js'
import { opsDecember } from './december/ops.js'

/** Every reported fault that is put into the plain f32 backend. */
export const reports: readonly Report[] = [
  ...convolutions,
  ...pools,
  ...products,
  ...rows,
  ...activations,
  ...normalizers,
  ...recurrent,
  ...losses,
  ...optimizing,
  ...moving,
  ...layers,
  ...againTogether,
  ...wholeTogether,
  ...productsTogether,
  ...rowsTogether,
  ...normalizersTogether,
  ...recurrentTogether,
  ...lossesTogether,
  ...optimizersTogether,
  ...movingTogether,
  ...convolutionsChosen,
  ...poolsChosen,
  ...productsChosen,
  ...rowsChosen,
  ...normalizersChosen,
  ...recurrentChosen,
  ...lossesChosen,
  ...optimizersChosen,
  ...movingChosen,
  ...keyedChosen,
  ...convolutionsTriggered,
  ...productsTriggered,
  ...recurrentTriggered,
  ...normsTriggered,
  ...poolsTriggered,
  ...lossesTriggered,
  ...optimizersTriggered,
  ...movingTriggered,
  ...convolutionsSeldom,
  ...productsSeldom,
  ...recurrentSeldom,
  ...normalizersSeldom,
  ...poolsSeldom,
  ...lossesSeldom,
  ...optimizersSeldom,
  ...movingSeldom,
  ...convolutionsRare,
  ...poolsRare,
  ...productsRare,
  ...rowsRare,
  ...elementsRare,
  ...lossesRare,
  ...normalizersRare,
  ...recurrentRare,
  ...optimizersRare,
  ...movingRare,
  ...alikeRare,
  ...layersRare,
  ...restRare,
  ...trainingRare,
  ...convolutionsFresh,
  ...poolsFresh,
  ...productsFresh,
  ...rowsFresh,
  ...lossesFresh,
  ...normalizersFresh,
  ...movingFresh,
  ...recurrentFresh,
  ...optimizersFresh,
  ...restsFresh,
  ...convolutionsNovel,
  ...stepsNovel,
  ...productsNovel,
  ...poolsNovel,
  ...normalizersNovel,
  ...featuresNovel,
  ...rowsNovel,
  ...lossesNovel,
  ...movingNovel,
  ...recurrentNovel,
  ...optimizersNovel,
  ...elementwiseNovel,
  ...convolutionsFurther,
  ...stepsFurther,
  ...productsFurther,
  ...poolsFurther,
  ...normalizersFurther,
  ...featuresFurther,
  ...rowsFurther,
  ...lossesFurther,
  ...movingFurther,
  ...recurrentFurther,
  ...optimizersFurther,
  ...elementwiseFurther,
  ...convolutionsPublic,
  ...stepsPublic,
  ...productsPublic,
  ...poolsPublic,
  ...normalizersPublic,
  ...rowsPublic,
  ...lossesPublic,
  ...movingPublic,
  ...joinsPublic,
  ...featuresPublic,
  ...recurrentPublic,
  ...optimizersPublic,
  ...elementwisePublic,
  ...convolutionsTold,
  ...poolsTold,
  ...productsTold,
  ...normalizersTold,
  ...activationsTold,
  ...lossesTold,
  ...recurrentTold,
  ...optimizersTold,
  ...programsTold,
  ...restsTold,
  ...programsLately,
  ...memoryLately,
  ...againLately,
  ...gradientsLately,
  ...convolutionsLately,
  ...poolsLately,
  ...recurrentLately,
  ...restsLately,
  ...lossesLately,
  ...optimizersLately,
  ...fusionsWoven,
  ...filtersWoven,
  ...productsWoven,
  ...joinsWoven,
  ...memoryWoven,
  ...gradientsWoven,
  ...trainingWoven,
  ...fusionsLastly,
  ...joinsLastly,
  ...memoryLastly,
  ...gradientsLastly,
  ...trainingLastly,
  ...joinsAnew,
  ...memoryAnew,
  ...gradientsAnew,
  ...singlesAnew,
  ...fusionsAfresh,
  ...joinsAfresh,
  ...memoryAfresh,
  ...gradientsAfresh,
  ...trainingAfresh,
  ...fusionsNovember,
  ...joinsNovember,
  ...gradientsNovember,
  ...memoryNovember,
  ...trainingNovember,
  ...opsNovember,
  ...fusionsDecember,
  ...gradientsDecember,
  ...memoryDecember,
  ...trainingDecember,
  ...opsDecember,
]
