using System.Runtime.InteropServices;
using PolaFormer.Vision.Decoding;

namespace PolaFormer.Vision;

/// <summary>Images to files.</summary>
public static unsafe class ImageEncoder
{
    /// <summary>An image as a PNG file, through libspng, or SkiaSharp without it.</summary>
    /// <exception cref="ImageException">The library refuses.</exception>
    public static byte[] Png(Image image)
    {
        if (!NativeCodec.Spng.IsUsed)
            return SkiaCodec.Png(image);
        nint context = Spng.ContextNew(Spng.Encoder);
        if (context == 0)
            throw new ImageException("PNG: the encoder could not be started");
        nint file = 0;
        try
        {
            var header = new Spng.Header { Width = (uint)image.Width, Height = (uint)image.Height, BitDepth = 8, ColorType = Spng.TrueColor };
            Check(Spng.SetOption(context, Spng.EncodeToBuffer, 1));
            Check(Spng.SetHeader(context, &header));
            fixed (byte* pixels = image.Pixels)
                Check(Spng.EncodeImage(context, pixels, (nuint)image.Pixels.Length, Spng.FormatPng, Spng.EncodeFinalize));
            int error;
            file = Spng.GetBuffer(context, out nuint size, &error);
            Check(error);
            return new ReadOnlySpan<byte>((void*)file, checked((int)size)).ToArray();
        }
        finally
        {
            // The caller owns the buffer, allocated by the C library.
            NativeMemory.Free((void*)file);
            Spng.ContextFree(context);
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new ImageException($"PNG: {Spng.Message(error)}");
    }
}
