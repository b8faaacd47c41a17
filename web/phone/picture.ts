/** A signature's strokes as a picture: what is printed, where a reader cannot draw them. */

/** The drawing as a PNG on white; `path` is the data of an SVG path. */
export async function picture(path: string, width: number, height: number, thick: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws nothing");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  Object.assign(pen, { lineWidth: thick, lineCap: "round", lineJoin: "round" });
  pen.stroke(new Path2D(path));
  return new Promise((resolve, reject) =>
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("no picture came of it"))), "image/png"),
  );
}
