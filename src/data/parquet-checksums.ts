import { crc32 } from 'node:zlib';

/**
 * Whether every page that has a checksum is as it says. Checksums are optional, and cover a page as it is
 * stored, without its header.
 *
 * @param pages a column chunk
 * @param values how many values it holds: what follows them is padding
 */
export async function verifyChecksums(pages: ArrayBuffer, values: number): Promise<boolean> {
  const { parquetHeader } = await import('hyparquet/src/column.js');
  const reader = { view: new DataView(pages), offset: 0 };
  let found = 0;
  while (found < values && reader.offset < pages.byteLength) {
    const { crc, compressed_page_size: size, ...header } = parquetHeader(reader);
    if (!(size >= 0 && reader.offset + size <= pages.byteLength)) {
      throw new RangeError(`a page of ${size} bytes reaches beyond its column`);
    }
    const page = new Uint8Array(pages, reader.offset, size);
    if (crc !== undefined && crc32(page) !== crc >>> 0) return false;
    reader.offset += size;
    found += (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? 0;
  }
  return true;
}
