package tf_homo.morph

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import org.json.JSONObject

/**
 * The exported model, for one thread. Images are S x S x 3 floats in [0, 1], latents h x w x d floats.
 *
 * The branches of a pair are computed once: with F_a, F_b its latents and L_i the end of branch i, F_a + T_i(F_b - F_a),
 * strengths v give the latent F_a + sum_i v_i (L_i - F_a). A frame is then one run of `decode`.
 */
class Morpher(assets: AssetManager) : AutoCloseable {
    private val card = JSONObject(assets.open("morph.json").bufferedReader().use { it.readText() })
    val size: Int = card.getInt("image_size")
    val branches: List<String> = card.getJSONArray("branches").let { names -> List(names.length(), names::getString) }

    private val model = CompiledModel.create(assets, "morph.tflite", CompiledModel.Options(Accelerator.CPU))
    private val encode = Signature(model, "encode", listOf("image"), "latent")
    private val interpolate = Signature(model, "interpolate", listOf("source", "target", "strength"), "latent")
    private val decode = Signature(model, "decode", listOf("latent"), "image")

    private var start = FloatArray(0) // F_a
    private var ends = FloatArray(0) // L_1 to L_C, one after the other

    fun encode(image: FloatArray): FloatArray = encode.run("image" to image)

    /** Sets the pair, by its latents, that [frame] lies between. */
    fun pair(source: FloatArray, target: FloatArray) {
        val each = FloatArray(branches.size * branches.size) { if (it % (branches.size + 1) == 0) 1f else 0f }
        start = source
        ends = interpolate.run("source" to source, "target" to target, "strength" to each)
    }

    /** The image at strengths of the branches: 0 the source's, 1 the target's. Those left out are 0. */
    fun frame(strengths: FloatArray): FloatArray {
        val mixed = start.copyOf()
        strengths.forEachIndexed { branch, strength ->
            for (i in mixed.indices) mixed[i] += strength * (ends[branch * start.size + i] - start[i])
        }
        return decode.run("latent" to mixed)
    }

    override fun close() {
        listOf(encode, interpolate, decode).forEach(Signature::close)
        model.close()
    }
}

/** One signature of the model with its buffers, which every run uses again. */
private class Signature(
    private val model: CompiledModel,
    private val name: String,
    inputs: List<String>,
    private val output: String,
) : AutoCloseable {
    private val inputs = inputs.associateWith { model.createInputBuffer(it, name) }
    private val outputs = mapOf(output to model.createOutputBuffer(output, name))

    fun run(vararg values: Pair<String, FloatArray>): FloatArray {
        for ((input, value) in values) inputs.getValue(input).writeFloat(value)
        model.run(inputs, outputs, name)
        return outputs.getValue(output).readFloat()
    }

    override fun close() = (inputs.values + outputs.values).forEach { it.close() }
}
