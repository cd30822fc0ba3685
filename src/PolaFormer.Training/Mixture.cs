using System.Numerics;
using PolaFormer.Vision;

namespace PolaFormer.Training;

/// <summary>How an image takes from its partner: a weighted sum (mixup), or a box of the partner's pixels (cutmix).</summary>
/// <param name="Lambda">The image's own share, in [0, 1].</param>
/// <param name="Box">What is taken from the partner as it is; null for a sum.</param>
public readonly record struct Mixture(double Lambda, PixelRect? Box)
{
    /// <summary>Takes nothing.</summary>
    public static Mixture None => new(1, null);

    /// <summary>A weighted sum.</summary>
    public static Mixture Sum(double lambda) => new(lambda, null);

    /// <summary>A box, whose share of the area is the partner's share.</summary>
    public static Mixture Cut(PixelRect box, int width, int height) => new(1 - ((double)box.Width * box.Height / ((double)width * height)), box);

    /// <summary>A box of the images' shape round a centre, 1 − lambda of their area but for what lies outside, and less a pixel where a side is odd.</summary>
    public static Mixture Cut(double lambda, int centerX, int centerY, int width, int height)
    {
        double ratio = Math.Sqrt(1 - lambda);
        int halfWidth = (int)(width * ratio) / 2, halfHeight = (int)(height * ratio) / 2;
        int left = Math.Max(centerX - halfWidth, 0), top = Math.Max(centerY - halfHeight, 0);
        int right = Math.Min(centerX + halfWidth, width), bottom = Math.Min(centerY + halfHeight, height);
        return Cut(new PixelRect(left, top, right - left, bottom - top), width, height);
    }

    /// <summary>Changes an image in place.</summary>
    /// <param name="image">(height, width, 3).</param>
    /// <param name="partner">Of the same shape.</param>
    /// <param name="width">Columns.</param>
    public void Apply(Span<float> image, ReadOnlySpan<float> partner, int width)
    {
        if (Box is { } box)
        {
            for (int y = box.Y; y < box.Y + box.Height; y++)
            {
                int from = ((y * width) + box.X) * Image.Channels;
                partner.Slice(from, box.Width * Image.Channels).CopyTo(image[from..]);
            }
        }
        else if (Lambda != 1)
        {
            Sum(image, partner, (float)Lambda, (float)(1 - Lambda));
        }
    }

    private static void Sum(Span<float> image, ReadOnlySpan<float> partner, float own, float other)
    {
        int i = 0;
        for (; i <= image.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var sum = (new Vector<float>(image[i..]) * own) + (new Vector<float>(partner[i..]) * other);
            sum.CopyTo(image[i..]);
        }

        for (; i < image.Length; i++)
            image[i] = (image[i] * own) + (partner[i] * other);
    }
}
