// A zip of files that are compressed already: stored as they are (PKWARE APPNOTE 6.3, 4.3).

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest >>> 0;
});
const UTF8_NAMES = 0x0800;
const DOS_DATE = 0x0021; // 1 January 1980, so that the same files give the same bytes

function checksum(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}

/** Little-endian fields: pairs of bytes (2 or 4) and value. */
function fields(...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of pairs) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view.buffer;
}

const common = (entry) => [
  [2, 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DOS_DATE],
  [4, entry.sum], [4, entry.size], [4, entry.size], [2, entry.name.length], [2, 0],
];

/** Names made different: two photos of one name become NAME and NAME-2. */
function freeName(name, taken) {
  const dot = name.lastIndexOf(".") > 0 ? name.lastIndexOf(".") : name.length;
  let free = name;
  for (let copy = 2; taken.has(free); copy += 1) free = `${name.slice(0, dot)}-${copy}${name.slice(dot)}`;
  taken.add(free);
  return free;
}

/** A zip as a Blob, from `[{name, blob}]`. */
export async function zip(files) {
  const taken = new Set();
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const entry = { name: new TextEncoder().encode(freeName(name, taken)), sum: checksum(bytes), size: bytes.length };
    const head = fields([4, 0x04034b50], ...common(entry));
    parts.push(head, entry.name, blob);
    directory.push(
      fields([4, 0x02014b50], [2, 20], ...common(entry), [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
      entry.name,
    );
    offset += head.byteLength + entry.name.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
