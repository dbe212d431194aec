//! Small valid media, generated here: the same for the same seed, different for another.

/// The formats that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    Gif,
    Webp,
    Mp4,
    Webm,
}

impl Format {
    pub const ALL: [Format; 6] = [
        Format::Png,
        Format::Jpeg,
        Format::Gif,
        Format::Webp,
        Format::Mp4,
        Format::Webm,
    ];

    /// Returns the extension, without a dot.
    pub fn ext(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::Gif => "gif",
            Format::Webp => "webp",
            Format::Mp4 => "mp4",
            Format::Webm => "webm",
        }
    }

    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Gif => "image/gif",
            Format::Webp => "image/webp",
            Format::Mp4 => "video/mp4",
            Format::Webm => "video/webm",
        }
    }

    /// Returns the format of this extension or media type.
    pub fn of(name: &str) -> Format {
        let name = if name == "jpeg" { "jpg" } else { name };
        let mut all = Format::ALL.into_iter();
        let found = all.find(|format| format.ext() == name || format.content_type() == name);
        found.unwrap_or_else(|| panic!("no `{name}` can be made"))
    }
}

/// Generates the smallest medium of this format, 32 by 24 pixels.
pub fn small(format: Format, seed: u64) -> Vec<u8> {
    picture(format, 32, 24, seed)
}

/// Generates a medium of exactly this length, padded the way its format allows.
pub fn sized(format: Format, bytes: usize, seed: u64) -> Vec<u8> {
    filled(format, 32, 24, Some(bytes), seed)
}

/// Generates a medium of this width and height; videos here have neither.
pub fn picture(format: Format, width: u16, height: u16, seed: u64) -> Vec<u8> {
    filled(format, width, height, None, seed)
}

/// Generates a medium of this width, height, and length.
pub fn sized_picture(format: Format, width: u16, height: u16, bytes: usize, seed: u64) -> Vec<u8> {
    filled(format, width, height, Some(bytes), seed)
}

fn filled(format: Format, width: u16, height: u16, bytes: Option<usize>, seed: u64) -> Vec<u8> {
    let make = |filler: usize| match format {
        Format::Png => png(width, height, filler, seed),
        Format::Jpeg => jpeg(width, height, filler, seed),
        Format::Gif => gif(width, height, filler, seed),
        Format::Webp => webp(width, height, filler, seed),
        Format::Mp4 => mp4(filler, seed),
        Format::Webm => webm(filler, seed),
    };
    let Some(bytes) = bytes else { return make(0) };
    // A piece of filler cannot be shorter than its own frame, so the length below which none fits is skipped.
    let least = make(0).len();
    let filler = bytes
        .checked_sub(least)
        .filter(|filler| *filler == 0 || *filler >= 16);
    let filler = filler.unwrap_or_else(|| {
        panic!(
            "a {format:?} has {least} bytes, or {} and more, not {bytes}",
            least + 16
        )
    });
    let made = make(filler);
    assert_eq!(
        made.len(),
        bytes,
        "a {format:?} of this length cannot be made"
    );
    made
}

/// Generates this many bytes from the seed; none of them is zero.
pub fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&(state | 0x0101_0101_0101_0101).to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// PNG (W3C PNG, third edition): one bit per pixel, stored uncompressed.
fn png(width: u16, height: u16, filler: usize, seed: u64) -> Vec<u8> {
    let mut rows = Vec::new();
    let stride = usize::from(width).div_ceil(8);
    for row in 0..u64::from(height) {
        rows.push(0);
        rows.extend(noise(stride, seed ^ (row << 32)));
    }
    let mut data = vec![0x78, 0x01];
    let blocks = rows.chunks(0xffff);
    let last = blocks.len() - 1;
    for (index, block) in blocks.enumerate() {
        let length = block.len() as u16;
        data.push(u8::from(index == last));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(block);
    }
    data.extend(adler32(&rows).to_be_bytes());
    let mut header = Vec::new();
    header.extend(u32::from(width).to_be_bytes());
    header.extend(u32::from(height).to_be_bytes());
    header.extend([1, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &data);
    if filler > 0 {
        chunk(&mut png, b"fiLl", &noise(filler - 12, seed));
    }
    chunk(&mut png, b"IEND", b"");
    png
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    let from = png.len();
    png.extend(kind);
    png.extend(data);
    let sum = crc32(&png[from..]);
    png.extend(sum.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 8 {
                let low = value & 1;
                value = (value >> 1) ^ (0xedb8_8320 * low);
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, byte| {
        (sum >> 8) ^ TABLE[usize::from(sum as u8 ^ byte)]
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    (b << 16) | a
}

/// JPEG (ITU-T T.81), baseline: one grey, in which each block takes two bits.
fn jpeg(width: u16, height: u16, mut filler: usize, seed: u64) -> Vec<u8> {
    let mut jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    jpeg.extend(b"\xff\xfe\x00\x0a");
    jpeg.extend(seed.to_be_bytes());
    jpeg.extend(b"\xff\xdb\x00\x43\x00");
    jpeg.extend([1; 64]);
    jpeg.extend(b"\xff\xc0\x00\x0b\x08");
    jpeg.extend(height.to_be_bytes());
    jpeg.extend(width.to_be_bytes());
    jpeg.extend(b"\x01\x01\x11\x00");
    for class in [0x00, 0x10] {
        // A table with one code, one bit long: no difference, and end of block.
        jpeg.extend([0xff, 0xc4, 0x00, 0x14, class, 1]);
        jpeg.extend([0; 16]);
    }
    let mut salt = seed;
    while filler > 0 {
        let mut segment = filler.min(0xffff + 2);
        if (1..4).contains(&(filler - segment)) {
            segment -= 4;
        }
        jpeg.extend(b"\xff\xfe");
        jpeg.extend((segment as u16).wrapping_sub(2).to_be_bytes());
        jpeg.extend(noise(segment - 4, salt));
        salt += 1;
        filler -= segment;
    }
    jpeg.extend(b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00");
    let bits = 2 * usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    jpeg.extend(vec![0; bits / 8]);
    if bits % 8 > 0 {
        jpeg.push(0xff >> (bits % 8));
    }
    jpeg.extend(b"\xff\xd9");
    jpeg
}

/// GIF89a: a screen of this size with one pixel in its corner.
fn gif(width: u16, height: u16, filler: usize, seed: u64) -> Vec<u8> {
    let mut gif = b"GIF89a".to_vec();
    gif.extend(width.to_le_bytes());
    gif.extend(height.to_le_bytes());
    gif.extend(b"\x80\x00\x00");
    gif.extend(&seed.to_le_bytes()[..3]);
    gif.extend(&seed.to_le_bytes()[3..6]);
    if filler > 0 {
        gif.extend(b"\x21\xfe");
        let mut left = filler - 3;
        let mut salt = seed;
        while left > 0 {
            let mut block = left.min(256);
            if left - block == 1 {
                block -= 1;
            }
            gif.push((block - 1) as u8);
            gif.extend(noise(block - 1, salt));
            salt += 1;
            left -= block;
        }
        gif.push(0);
    }
    gif.extend(b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b");
    gif
}

/// WebP (RFC 9649), lossless: one colour, for which no pixel needs a bit.
fn webp(width: u16, height: u16, filler: usize, seed: u64) -> Vec<u8> {
    let mut bits: u128 = 0;
    let mut at = 0;
    let mut put = |value: u64, count: u32| {
        bits |= u128::from(value & ((1 << count) - 1)) << at;
        at += count;
    };
    put(u64::from(width) - 1, 14);
    put(u64::from(height) - 1, 14);
    // No alpha, version 0; no transform, no cache, one group of codes.
    put(0, 4);
    put(0, 3);
    for channel in 0..4 {
        // A simple code of one symbol of eight bits.
        put(0b101, 3);
        put(seed >> (8 * channel), 8);
    }
    put(0b0001, 4);
    let mut data = vec![0x2f];
    data.extend(&bits.to_le_bytes()[..at.div_ceil(8) as usize]);
    let mut webp = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut add = |kind: &[u8; 4], data: &[u8]| {
        webp.extend(kind);
        webp.extend((data.len() as u32).to_le_bytes());
        webp.extend(data);
        webp.extend(vec![0; data.len() % 2]);
    };
    add(b"VP8L", &data);
    if filler > 0 {
        add(b"FILL", &noise(filler - 8, seed));
    }
    let length = (webp.len() - 8) as u32;
    webp[4..8].copy_from_slice(&length.to_le_bytes());
    webp
}

/// The frame of an MP4 (ISO/IEC 14496-12): the kind of file, and data that no track points to.
fn mp4(filler: usize, seed: u64) -> Vec<u8> {
    let mut mp4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec();
    mp4.extend(b"\0\0\0\x10free");
    mp4.extend(seed.to_be_bytes());
    mp4.extend((8 + filler as u32).to_be_bytes());
    mp4.extend(b"mdat");
    mp4.extend(noise(filler, seed));
    mp4
}

/// The frame of a WebM (RFC 9559): the kind of file, and a segment that is void.
fn webm(filler: usize, seed: u64) -> Vec<u8> {
    let mut webm =
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08"
            .to_vec();
    webm.extend(b"\x42\x82\x84webm\x42\x87\x81\x02\x42\x85\x81\x02");
    let long = |length: usize| (length as u64 | 1 << 56).to_be_bytes();
    webm.extend(b"\x18\x53\x80\x67");
    webm.extend(long(9 + 8 + filler));
    webm.push(0xec);
    webm.extend(long(8 + filler));
    webm.extend(seed.to_be_bytes());
    webm.extend(noise(filler, seed));
    webm
}
