import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Layers afresh: padding on one side only, filters of one tap, ties of many, and sums that are differences. */

const blocks = mutantsOf('accelerated/layers/conv2dBlocks')
const lanes = mutantsOf('accelerated/layers/conv2dSubgroup')
const conv = mutantsOf('accelerated/layers/conv2d')
const max = mutantsOf('accelerated/layers/maxPool2d')
const avg = mutantsOf('accelerated/layers/avgPool2d')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const lstm = mutantsOf('accelerated/layers/lstm')

export const afreshLayers: readonly Mutant[] = [
  // padding on one side only
  blocks(
    'boundary',
    'afresh, no padding on the left is taken for none on the right',
    ['conv2d forward', 'conv1d forward'],
    'let inside${k} = x${k} < dims.W;',
    'let inside${k} = (x${k} < dims.W) | (dims.left == 0u);',
  ),
  blocks(
    'boundary',
    'afresh, no padding above is taken for none below',
    'conv2d forward',
    'let on_row${q} = y${q} < dims.H;\n    var line',
    'let on_row${q} = (y${q} < dims.H) | (dims.top == 0u);\n    var line',
  ),
  lanes(
    'boundary',
    'afresh, dw: no padding above is taken for none below',
    ['conv2d backward', 'convTranspose2d backward'],
    '(u32(y${q}_${c}) < dims.H)',
    '((u32(y${q}_${c}) < dims.H) | (dims.top == 0u))',
  ),
  conv(
    'boundary',
    'afresh, tiles: no padding on the left is taken for none on the right',
    ['conv2d forward', 'conv1d forward'],
    '(col < vec4<i32>(i32(dims.W)));\n      var at',
    '((col < vec4<i32>(i32(dims.W))) | vec4<bool>(dims.left == 0u));\n      var at',
    { on: 'no subgroups' },
  ),
  // filters of one tap
  lanes(
    'boundary',
    'afresh, a filter of one tap is always on the image',
    'conv2d forward',
    'let inside${j} = on_row${j} & (u32(x${j}) < dims.W);',
    'let inside${j} = (on_row${j} & (u32(x${j}) < dims.W)) | (taps == 1u);',
  ),
  lanes(
    'boundary',
    'afresh, dx: a filter of one tap reads every pixel, whatever the stride',
    ['conv2d backward', 'convTranspose2d forward'],
    '& (j${j} * i32(dims.sw) == x${j})',
    '& ((j${j} * i32(dims.sw) == x${j}) | (taps == 1u))',
  ),
  blocks(
    'not a number',
    'afresh, dw meets numbers behind the end of a row with a cotangent of 0',
    ['conv2d backward', 'conv1d backward'],
    '`let b${p}_${q}_${k} = select(0.0, v${p}_${q + k}, real${q});`',
    '`let b${p}_${q}_${k} = v${p}_${q + k};`',
  ),
  // pools
  max(
    'boundary',
    'afresh, of more than four that tie each has a fourth',
    'maxPool2d backward',
    'set_part(flat, dy(flat) / f32(count));',
    'set_part(flat, dy(flat) / f32(min(count, 4u)));',
  ),
  max(
    'boundary',
    'afresh, a known window: −Infinity is never the last of several',
    'maxPool2d backward',
    '(last & (next == value));\n    value',
    '(last & (next == value) & (next > -3.4028234e38));\n    value',
  ),
  avg(
    'precision',
    'afresh, sums of rows as differences of what stands before',
    'avgPool2d forward',
    `    for (var kw = 0u; kw < dims.KW; kw++) {
      let row = i32(i * dims.sh + kh) - i32(dims.top);
      let col = i32(j * dims.sw + kw) - i32(dims.left);
      sum += x_or_zero(plane, row, col);
    }`,
    `    let row = i32(i * dims.sh + kh) - i32(dims.top);
    let begin = i32(j * dims.sw) - i32(dims.left);
    var until = 0.0;
    var before = 0.0;
    for (var col = 0; col < begin + i32(dims.KW); col++) {
      if (col == begin) { before = until; }
      until += x_or_zero(plane, row, col);
    }
    sum += until - before;`,
  ),
  // normalizers
  lrn(
    'precision',
    'afresh, squares of a window as the difference of two sums',
    'localResponseNorm',
    `  for (var j = c - min(c, dims.before); j <= last; j++) {
    let v = x(column + j * dims.S);
    squares += v * v;
  }`,
    `  var past = 0.0;
  for (var j = 0u; j <= last; j++) {
    let v = x(column + j * dims.S);
    if (j == c - min(c, dims.before)) { past = squares; }
    squares += v * v;
  }
  squares -= past;`,
  ),
  lrn(
    'formula',
    'afresh, the power of a scale below 1 is that of 1',
    'localResponseNorm',
    'return exp_(-params.beta * log_(s));',
    'return exp_(-params.beta * select(log_(s), 0.0, s < 1.0));',
  ),
  // recurrent layers
  lstm(
    'subset',
    'afresh, the last cell’s cotangent is ignored where both others are given',
    'lstm backward',
    'if (dims.hasC == 1u) { dnext = dcT(i); }',
    'if (dims.hasC == 1u && (dims.hasH == 0u || dims.hasY == 0u)) { dnext = dcT(i); }',
  ),
]
