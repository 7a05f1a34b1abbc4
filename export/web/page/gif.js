// Frames to a GIF, forth and back, resting at either end: what `python -m tf_homo.morph --out=FILE.gif` writes.
import { GIFEncoder, applyPalette, quantize } from "gifenc";

const FRAME_MS = 50;
const HOLD_MS = 600;

/** A Blob from pictures {side, rgba}, all of one side and in one palette: one for each would make the colours flicker. */
export function gif(pictures) {
  const { side } = pictures[0];
  const palette = quantize(sample(pictures), 256);
  const indexed = pictures.map(({ rgba }) => applyPalette(rgba, palette));
  const last = indexed.length - 1;
  const order = [...indexed.keys(), ...[...indexed.keys()].slice(1, last).reverse()];
  const encoder = GIFEncoder();
  order.forEach((frame, place) => {
    const delay = frame === 0 || frame === last ? HOLD_MS : FRAME_MS;
    encoder.writeFrame(indexed[frame], side, side, { delay, ...(place === 0 && { palette, repeat: 0 }) });
  });
  encoder.finish();
  return new Blob([encoder.bytes()], { type: "image/gif" });
}

/** Every second pixel of every fourth frame, the last one too: enough to know the colours. */
function sample(pictures) {
  const chosen = pictures.filter((_, i) => i % 4 === 0 || i === pictures.length - 1);
  const words = chosen.flatMap(({ rgba }) => [...new Uint32Array(rgba.buffer).filter((_, i) => i % 2 === 0)]);
  return new Uint8Array(Uint32Array.from(words).buffer);
}
