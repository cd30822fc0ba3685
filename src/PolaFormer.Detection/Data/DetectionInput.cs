using PolaFormer.Tensors;

namespace PolaFormer.Detection.Data;

/// <summary>An image as a detector takes it.</summary>
/// <param name="Pixels">(padded height, padded width, 3), normalised, zeros below and at the right.</param>
/// <param name="Info">Its sizes.</param>
/// <param name="Objects">What is in it.</param>
public sealed record DetectionInput(float[] Pixels, ImageInfo Info, ImageObjects Objects)
{
    /// <summary>Images padded to the largest of them, (B, H, W, 3), with what is in them.</summary>
    public static (Tensor Images, ImageInfo[] Infos, ImageObjects[] Objects) Batch(IReadOnlyList<DetectionInput> inputs, Device? device = null)
    {
        (float[] pixels, Shape shape) = PixelsOf(inputs);
        return (Tensor.From(pixels, shape, device), [.. inputs.Select(input => input.Info)], [.. inputs.Select(input => input.Objects)]);
    }

    /// <summary>Images padded to the largest of them, (B, H, W, 3).</summary>
    internal static (float[] Pixels, Shape Shape) PixelsOf(IReadOnlyList<DetectionInput> inputs)
    {
        int height = inputs.Max(input => input.Info.PaddedHeight), width = inputs.Max(input => input.Info.PaddedWidth), row = 3 * width;
        float[] pixels = new float[inputs.Count * height * row];
        for (int i = 0; i < inputs.Count; i++)
        {
            int own = 3 * inputs[i].Info.PaddedWidth;
            for (int y = 0; y < inputs[i].Info.PaddedHeight; y++)
                inputs[i].Pixels.AsSpan(y * own, own).CopyTo(pixels.AsSpan(((i * height) + y) * row));
        }

        return (pixels, [inputs.Count, height, width, 3]);
    }
}
