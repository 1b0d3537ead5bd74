/** WGSL for a number as shorter formats keep it. */
export const tf32 = (v: string): string => `bitcast<f32>(bitcast<u32>(${v}) & 0xffffe000u)`
export const bf16 = (v: string): string => `bitcast<f32>(bitcast<u32>(${v}) & 0xffff0000u)`
export const f16 = (v: string): string => `unpack2x16float(pack2x16float(vec2<f32>(${v}, 0.0))).x`
