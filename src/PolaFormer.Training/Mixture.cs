using PolaFormer.Tensors;
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

    /// <summary>Mixes every image of a batch with its partner, the image as far from the end.</summary>
    /// <param name="images">(B, height, width, 3).</param>
    /// <param name="mixtures">What each image takes from its partner.</param>
    /// <returns>Images of the same shape; <paramref name="images"/> where none takes anything.</returns>
    internal static Tensor Apply(Tensor images, ReadOnlySpan<Mixture> mixtures)
    {
        int count = mixtures.Length, height = images.Shape[1], width = images.Shape[2];
        bool anySum = false, anyBox = false;
        long[] partners = new long[count];
        float[] own = new float[count], other = new float[count], rows = new float[count * height], columns = new float[count * width];
        for (int i = 0; i < count; i++)
        {
            Mixture mixture = mixtures[i];
            partners[i] = count - 1 - i;
            own[i] = mixture.Box is null ? (float)mixture.Lambda : 1;
            other[i] = mixture.Box is null ? (float)(1 - mixture.Lambda) : 0;
            anySum |= own[i] != 1;
            if (mixture.Box is not { } box)
                continue;
            anyBox = true;
            rows.AsSpan((i * height) + box.Y, box.Height).Fill(1);
            columns.AsSpan((i * width) + box.X, box.Width).Fill(1);
        }

        if (!anySum && !anyBox)
            return images;
        Device device = images.Device;
        Tensor mixed = images, partner = images.Gather(0, Tensor.From(partners, [count, 1, 1, 1], device));
        if (anySum)
            mixed = (images * Tensor.From(own, [count, 1, 1, 1], device)) + (partner * Tensor.From(other, [count, 1, 1, 1], device));
        if (anyBox)
            mixed = Tensor.Where(Tensor.From(rows, [count, height, 1, 1], device) * Tensor.From(columns, [count, 1, width, 1], device), partner, mixed);
        return mixed;
    }
}
