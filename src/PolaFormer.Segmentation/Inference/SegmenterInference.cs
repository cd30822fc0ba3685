using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>What mmsegmentation makes of a network's logits: over the whole image or a sliding window, brought to the size of the photograph.</summary>
public static class SegmenterInference
{
    /// <summary>Logits of every pixel of normalised images (B, H, W, 3), (B, H, W, classes).</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">The images.</param>
    /// <param name="window">Windows whose logits are averaged where they overlap; null for the whole image at once.</param>
    public static Tensor Logits(Segmenter network, Tensor images, SlidingWindow? window = null)
    {
        using GradMode mode = GradMode.Disable();
        return window is null ? network.Forward(images) : Slide(network, images, window, out _);
    }

    /// <summary>Logits averaged over windows, with the number of windows at every pixel.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">(B, H, W, 3).</param>
    /// <param name="window">The windows.</param>
    /// <param name="counts">(H, W).</param>
    public static Tensor Slide(Segmenter network, Tensor images, SlidingWindow window, out float[] counts)
    {
        using GradMode mode = GradMode.Disable();
        (int batch, int height, int width, int classes) = (images.Shape[0], images.Shape[1], images.Shape[2], network.NumClasses);
        float[] sums = new float[(long)batch * height * width * classes];
        counts = new float[height * width];
        foreach (PixelRect part in window.Of(height, width))
        {
            using var scope = MemoryScope.Enter();
            float[] logits = network.Forward(images.Slice(1, part.Y, part.Height).Slice(2, part.X, part.Width)).ToArray();
            for (int y = 0; y < part.Height; y++)
            {
                for (int image = 0; image < batch; image++)
                {
                    ReadOnlySpan<float> row = logits.AsSpan(((image * part.Height) + y) * part.Width * classes, part.Width * classes);
                    Span<float> sum = sums.AsSpan(((((image * height) + part.Y + y) * width) + part.X) * classes, row.Length);
                    for (int i = 0; i < row.Length; i++)
                        sum[i] += row[i];
                }

                foreach (ref float count in counts.AsSpan(((part.Y + y) * width) + part.X, part.Width))
                    count++;
            }
        }

        for (int pixel = 0; pixel < batch * height * width; pixel++)
        {
            float count = counts[pixel % counts.Length];
            foreach (ref float sum in sums.AsSpan(pixel * classes, classes))
                sum /= count;
        }

        return Tensor.From(sums, [batch, height, width, classes], images.Device);
    }

    /// <summary>Probabilities of the photograph's pixels: logits resized, softmax, flipped back. (B, height, width, classes).</summary>
    /// <param name="network">The network, whose rule of resizing holds.</param>
    /// <param name="logits">Logits of the network's input.</param>
    /// <param name="height">Rows of the photograph.</param>
    /// <param name="width">Columns of the photograph.</param>
    /// <param name="flip">How the input had been flipped.</param>
    public static Tensor Probabilities(Segmenter network, Tensor logits, int height, int width, FlipDirection flip = FlipDirection.None)
    {
        using GradMode mode = GradMode.Disable();
        Tensor probabilities = MapResize.To(logits, height, width, network.Config.Head.AlignCorners).Softmax();
        return flip == FlipDirection.None ? probabilities : Flipped(probabilities, flip);
    }

    /// <summary>Rows or columns in the opposite order.</summary>
    internal static Tensor Flipped(Tensor map, FlipDirection flip)
    {
        (int batch, int height, int width, int channels) = (map.Shape[0], map.Shape[1], map.Shape[2], map.Shape[3]);
        float[] values = map.ToArray(), result = new float[values.Length];
        for (int row = 0; row < batch * height; row++)
        {
            int image = row / height, y = row % height;
            if (flip == FlipDirection.Vertical)
                y = height - 1 - y;
            for (int x = 0; x < width; x++)
            {
                int from = flip == FlipDirection.Horizontal ? width - 1 - x : x;
                values.AsSpan(((((image * height) + y) * width) + from) * channels, channels).CopyTo(result.AsSpan(((row * width) + x) * channels));
            }
        }

        return Tensor.From(result, map.Shape, map.Device);
    }

    /// <summary>The class of the largest value of every pixel, the first of equal ones: (B·H·W).</summary>
    public static byte[] ArgMax(ReadOnlySpan<float> values, int classes)
    {
        byte[] result = new byte[values.Length / classes];
        for (int i = 0; i < result.Length; i++)
        {
            ReadOnlySpan<float> row = values.Slice(i * classes, classes);
            int best = 0;
            for (int c = 1; c < classes; c++)
                best = row[c] > row[best] ? c : best;
            result[i] = (byte)best;
        }

        return result;
    }
}
