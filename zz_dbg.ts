import { oracle } from './reference/index.js'
import { samplesOf } from './conformance/samples.js'
import { questionTable } from './conformance/table.js'
for (const s of samplesOf(oracle, questionTable, 'avgPool2d', 23, { drawn: 12, apart: 12, corners: 12, numbers: 1500 })) console.log(s.seed, JSON.stringify(s.form.attrs), JSON.stringify(s.form.shapes), s.form.name)
