/** Images made for a test, each different from the last, so that none is found to be there already. */
import sharp, { type Sharp } from 'sharp';

let shade = 0;

/** A picture with something to see: four coloured quarters, red first, in reading order. */
export function picture(width = 64, height = 48): Sharp {
  shade = (shade + 1) % 60;
  const quarter = (left: number, top: number, background: { r: number; g: number; b: number }) => ({
    input: {
      create: { width: Math.ceil(width / 2), height: Math.ceil(height / 2), channels: 3 as const, background },
    },
    left,
    top,
  });
  const [right, bottom] = [Math.floor(width / 2), Math.floor(height / 2)];
  return sharp({ create: { width, height, channels: 3, background: '#fff' } }).composite([
    quarter(0, 0, { r: 195 + shade, g: 20, b: 20 }),
    quarter(right, 0, { r: 20, g: 160, b: 40 }),
    quarter(0, bottom, { r: 30, g: 60, b: 200 }),
    quarter(right, bottom, { r: 240, g: 210, b: 60 }),
  ]);
}

export function png(width?: number, height?: number): Promise<Buffer> {
  return picture(width, height).png().toBuffer();
}

/** Several pictures, shown one after another. */
export async function animation(type: 'gif' | 'webp', frames = 3, width = 40, height = 30): Promise<Buffer> {
  const pictures = await Promise.all(
    Array.from({ length: frames }, (_, index) =>
      sharp({ create: { width, height, channels: 3, background: { r: (index * 37) % 256, g: index % 256, b: 90 } } })
        .png()
        .toBuffer(),
    ),
  );
  shade = (shade + 1) % 60;
  const joined = sharp(pictures, { join: { animated: true } });
  return joined.toFormat(type, { delay: pictures.map((_, index) => 40 + index + shade), loop: 0 }).toBuffer();
}

/** What a phone writes beside the picture: camera, place, a note. @param orientation Exif's, 1 to 8 */
export function photo(type: 'jpeg' | 'png' | 'webp', orientation = 1): Promise<Buffer> {
  return picture()
    .withExif({ IFD0: { Make: 'SECRET-CAMERA' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 13/1 0/1' } })
    .withMetadata({ orientation })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>SECRET-NOTE</rdf:RDF></x:xmpmeta>')
    .withIccProfile('p3')
    .toFormat(type)
    .toBuffer();
}
