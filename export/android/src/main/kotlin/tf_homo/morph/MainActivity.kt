package tf_homo.morph

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ImageDecoder
import android.os.Bundle
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.SeekBar
import android.widget.TextView
import android.widget.Toast
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicReference
import kotlin.math.max
import kotlin.math.min
import kotlin.math.roundToInt

/** Two pictures, a slider for each branch and one for all, the picture in between. A tap on a picture chooses another. */
class MainActivity : Activity() {
    private val worker = Executors.newSingleThreadExecutor() // decodes pictures and runs the model
    private lateinit var morpher: Morpher // the worker's alone, as are the latents; none where it cannot be loaded
    private val latents = arrayOfNulls<FloatArray>(2)
    private val wanted = AtomicReference<FloatArray?>() // strengths that wait for their frame; newer ones take their place

    private lateinit var column: LinearLayout
    private lateinit var pictures: List<ImageView>
    private lateinit var between: ImageView
    private var sliders = emptyList<SeekBar>()

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        column = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        pictures = listOf("source", "target").mapIndexed { place, name ->
            picture("$name, tap to choose another").apply { setOnClickListener { choose(place) } }
        }
        between = picture("the picture in between")
        val pair = LinearLayout(this)
        for (picture in pictures) pair.addView(picture, LinearLayout.LayoutParams(0, WRAP_CONTENT, 1f))
        column.addView(pair)
        column.addView(between, LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT))
        setContentView(ScrollView(this).apply { fitsSystemWindows = true; addView(column) })

        worker.execute {
            try {
                morpher = Morpher(assets)
                val branches = morpher.branches
                runOnUiThread { addSliders(branches) }
            } catch (error: Exception) {
                tell("The model cannot be loaded (${error.message}). Put one in: python -m export.android.assets")
            }
        }
        for (place in latents.indices) show(place, ImageDecoder.createSource(assets, "$place.png"))
    }

    override fun onDestroy() {
        worker.execute { if (::morpher.isInitialized) morpher.close() }
        worker.shutdown()
        super.onDestroy()
    }

    private fun picture(description: String) = ImageView(this).apply {
        adjustViewBounds = true
        contentDescription = description
        setPadding(8, 8, 8, 8)
    }

    private fun addSliders(branches: List<String>) {
        slider("all together") { strength -> sliders.forEach { it.progress = strength } }
        sliders = branches.map { branch -> slider(branch.replace('_', ' ')) { move() } }
    }

    private fun slider(label: String, moved: (Int) -> Unit): SeekBar {
        column.addView(TextView(this).apply { text = label })
        return SeekBar(this).also { bar ->
            bar.max = WHOLE_WAY
            bar.contentDescription = label
            bar.setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
                override fun onProgressChanged(bar: SeekBar, progress: Int, fromUser: Boolean) = moved(progress)
                override fun onStartTrackingTouch(bar: SeekBar) = Unit
                override fun onStopTrackingTouch(bar: SeekBar) = Unit
            })
            column.addView(bar, LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT))
        }
    }

    private fun choose(place: Int) = startActivityForResult(Intent(Intent.ACTION_GET_CONTENT).setType("image/*"), place)

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        data?.data?.let { show(requestCode, ImageDecoder.createSource(contentResolver, it)) }
    }

    private fun tell(message: String) = runOnUiThread { Toast.makeText(this, message, Toast.LENGTH_LONG).show() }

    private fun show(place: Int, source: ImageDecoder.Source) = worker.execute {
        if (!::morpher.isInitialized) return@execute
        val square = try {
            square(source, morpher.size)
        } catch (error: Exception) { // another app's pictures may throw anything
            tell("This is no picture that can be read (${error.message}). Choose a JPEG, PNG or WebP.")
            return@execute
        }
        latents[place] = morpher.encode(pixels(square))
        runOnUiThread { pictures[place].setImageBitmap(square) }
        val (first, second) = latents
        if (first != null && second != null) {
            morpher.pair(first, second)
            runOnUiThread(::move)
        }
    }

    private fun move() {
        if (isDestroyed) return
        val strengths = FloatArray(sliders.size) { sliders[it].progress / WHOLE_WAY.toFloat() }
        if (wanted.getAndSet(strengths) != null) return // the frame that is due will have these
        worker.execute {
            val newest = wanted.getAndSet(null)
            if (newest == null || latents.any { it == null }) return@execute
            val frame = bitmap(morpher.frame(newest), morpher.size)
            runOnUiThread { between.setImageBitmap(frame) }
        }
    }
}

private const val WHOLE_WAY = 100 // of a slider

/** The middle square of a picture, upright, over white; halved until less than a half is left to do, so that every pixel counts. */
private fun square(source: ImageDecoder.Source, size: Int): Bitmap {
    val picture = ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
        decoder.setTargetSampleSize(max(1, min(info.size.width, info.size.height) / (4 * size)))
    }
    val side = min(picture.width, picture.height)
    var square = Bitmap.createBitmap(side, side, Bitmap.Config.ARGB_8888)
    Canvas(square).apply {
        drawColor(Color.WHITE)
        drawBitmap(picture, (side - picture.width) / 2f, (side - picture.height) / 2f, null)
    }
    while (square.width != size) {
        val next = max(size, (square.width + 1) / 2)
        square = Bitmap.createScaledBitmap(square, next, next, true)
    }
    return square
}

private fun pixels(bitmap: Bitmap): FloatArray {
    val colours = IntArray(bitmap.width * bitmap.height)
    bitmap.getPixels(colours, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    return FloatArray(3 * colours.size) { (colours[it / 3] shr (16 - 8 * (it % 3)) and 255) / 255f }
}

private fun bitmap(image: FloatArray, size: Int): Bitmap {
    fun level(value: Float) = (255 * value.coerceIn(0f, 1f)).roundToInt()
    val colours = IntArray(size * size) { Color.rgb(level(image[3 * it]), level(image[3 * it + 1]), level(image[3 * it + 2])) }
    return Bitmap.createBitmap(colours, size, size, Bitmap.Config.ARGB_8888)
}
