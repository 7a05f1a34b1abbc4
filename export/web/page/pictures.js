// Files to pixels and pixels to canvases. A file never leaves the page.

const LARGEST_FILE = 100e6; // bytes
const MOST_PIXELS = 50e6; // as in tf_homo/photos.py
const SMALLEST_GIF = 256; // pixels a side, as MOVING_SIDE in tf_homo/morph.py

/** What is wrong with a file, for the visitor to read. */
export class PictureError extends Error {}

/** The middle square of an image file (a Blob), upright, over white, as Float32Array of size x size x 3 in [0, 1]. */
export async function read(file, name, size) {
  if (file.size > LARGEST_FILE) {
    throw new PictureError(`${name} has ${Math.round(file.size / 1e6)} MB; the page takes up to ${LARGEST_FILE / 1e6} MB.`);
  }
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = address;
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(unreadable(name));
    });
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    if (!width || !height) throw unreadable(name);
    if (width * height > MOST_PIXELS) {
      throw new PictureError(`${name} is ${width} × ${height} pixels; the page takes up to ${MOST_PIXELS / 1e6} million.`);
    }
    await image.decode().catch(() => {
      throw unreadable(name);
    });
    if (!whole(new DataView(await file.arrayBuffer()))) {
      throw new PictureError(`${name} is damaged or cut short. Fetch it again.`);
    }
    return pixels(square(image, width, height, size));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function unreadable(name) {
  return new PictureError(`${name} is no picture that this browser can read. Choose a JPEG, PNG or WebP.`);
}

/** Whether a picture has its end, without which browsers show the part that is there. What follows the end is no matter. */
function whole(bytes) {
  const start = bytes.getUint32(0);
  if (start >>> 8 === 0xffd8ff) return endOfJpeg(bytes);
  if (start === 0x89504e47) return endOfPng(bytes);
  if (start === 0x52494646) return bytes.getUint32(4, true) + 8 <= bytes.byteLength; // WebP begins with its length
  return true;
}

/** From marker to marker: a picture within the header (a preview) has an end of its own. */
function endOfJpeg(bytes) {
  for (let at = 2; at + 1 < bytes.byteLength; ) {
    const marker = bytes.getUint8(at + 1);
    if (bytes.getUint8(at) !== 0xff || marker === 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd7)) {
      at++; // what is painted, in which FF 00 and FF D0 to D7 are no markers; or FF that fills
    } else if (marker === 0xd9) {
      return true;
    } else {
      at += 2 + (at + 3 < bytes.byteLength ? bytes.getUint16(at + 2) : 0);
    }
  }
  return false;
}

function endOfPng(bytes) {
  for (let at = 8; at + 12 <= bytes.byteLength; at += 12 + bytes.getUint32(at)) {
    if (bytes.getUint32(at + 4) === 0x49454e44) return true; // IEND
  }
  return false;
}

/** A canvas of size x size: halved until less than a half is left to do, so that every pixel counts. */
function square(image, width, height, size) {
  let side = Math.min(width, height);
  let [x, y] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  let drawn = image;
  for (;;) {
    const next = Math.max(size, side >= 2 * size ? Math.ceil(side / 2) : size);
    const canvas = new OffscreenCanvas(next, next);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, next, next);
    context.drawImage(drawn, x, y, side, side, 0, 0, next, next);
    [drawn, side, x, y] = [canvas, next, 0, 0];
    if (side === size) return canvas;
  }
}

function pixels(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const image = new Float32Array((data.length / 4) * 3);
  for (let i = 0; i < image.length; i++) image[i] = data[Math.floor(i / 3) * 4 + (i % 3)] / 255;
  return image;
}

/** Puts an image (S x S x 3 in [0, 1]) on a canvas, which takes its size. */
export function draw(canvas, image) {
  const size = Math.sqrt(image.length / 3);
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  image.forEach((value, i) => {
    data[Math.floor(i / 3) * 4 + (i % 3)] = value * 255; // the array rounds and clips
  });
  if (canvas.width !== size) canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(new ImageData(data, size), 0, 0);
}

/** An image as RGBA bytes and their side, enlarged by a whole factor to at least SMALLEST_GIF pixels. */
export function enlarged(image) {
  const small = new OffscreenCanvas(1, 1);
  draw(small, image);
  const side = small.width * Math.ceil(SMALLEST_GIF / small.width);
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, side, side);
  return { side, rgba: context.getImageData(0, 0, side, side).data };
}
