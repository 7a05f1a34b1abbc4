// The exported model in the browser: images to latents, latents to the ends of the branches, latents to images.
//
// Images are Float32Arrays of S x S x 3 in [0, 1], latents of h x w x d. With F_a, F_b the latents of a pair and L_i the
// end of branch i, F_a + T_i(F_b - F_a), strengths v give the latent F_a + sum_i v_i (L_i - F_a).
import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";

/** Fetches a file that lies beside the page; an error names it. */
export async function fetched(file) {
  const response = await fetch(file).catch((error) => {
    throw new Error(`${file}: ${error.message}`);
  });
  if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`);
  return response;
}

/** Loads morph.tflite and what morph.json says of it (`info`: image_size, branches, groups, data, ...). */
export async function load() {
  const [info, content] = await Promise.all([
    fetched("morph.json").then((response) => response.json()),
    fetched("morph.tflite").then((response) => response.arrayBuffer()),
    loadLiteRt("lib/wasm/"),
  ]);
  const model = await loadAndCompile(new Uint8Array(content), { accelerator: "wasm" });
  const count = info.branches.length;
  const [side, latent] = [info.image_size, info.latent];

  async function run(signature, inputs) {
    const tensors = Object.entries(inputs).map(([name, [data, shape]]) => [name, new Tensor(data, shape)]);
    const output = Object.values(await model.run(signature, Object.fromEntries(tensors)))[0];
    const data = await output.data();
    for (const tensor of [output, ...tensors.map(([, each]) => each)]) tensor.delete();
    return data;
  }

  return {
    info,
    encode: (image) => run("encode", { image: [image, [1, side, side, 3]] }),
    decode: (mixed) => run("decode", { latent: [mixed, [1, ...latent]] }),

    /** The ends of all branches, one latent after the other: row i of the strengths moves branch i alone. */
    ends(source, target) {
      const each = new Float32Array(count * count);
      for (let i = 0; i < count; i++) each[i * count + i] = 1;
      return run("interpolate", {
        source: [source, [1, ...latent]],
        target: [target, [1, ...latent]],
        strength: [each, [count, count]],
      });
    },
  };
}

/** The latent at `strengths` on the path from `source` to the `ends` of its branches. */
export function mix(source, ends, strengths) {
  const mixed = source.slice();
  strengths.forEach((strength, branch) => {
    const end = ends.subarray(branch * source.length, (branch + 1) * source.length);
    for (let i = 0; i < mixed.length; i++) mixed[i] += strength * (end[i] - source[i]);
  });
  return mixed;
}
