using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Pipelines;

/// <summary>
/// What a network computes of images, a row of each. A device that works on while the program goes on may repeat a pass as a whole
/// (<see cref="Device.Repeat"/>): the pass of the last number of images is held for the same number, and such a device takes one call
/// after another. Elsewhere calls compute beside each other.
/// </summary>
internal sealed class RepeatedRows
{
    private readonly Lock _gate = new();
    private RepeatedPass? _pass;
    private Tensor? _input;
    private (Func<Tensor, Tensor> RowsOf, Device Device, bool IsOptimized, Shape Images) _passOf;

    /// <summary>The rows of some images, each the mean over its views, one behind another.</summary>
    /// <param name="model">The network.</param>
    /// <param name="rowsOf">Computes a row of each view; the same function for the same rows.</param>
    /// <param name="count">Images.</param>
    /// <param name="transform">Prepares them.</param>
    /// <param name="write">Writes the views of an image, by its number.</param>
    public float[] Run(VisionModel model, Func<Tensor, Tensor> rowsOf, int count, EvalTransform transform, Action<int, Span<float>> write)
    {
        Shape shape = [count * transform.ViewCount, transform.ImageSize, transform.ImageSize, Image.Channels];
        if (!model.Device.IsAsynchronous)
        {
            using var scope = MemoryScope.Enter();
            return Compute(Fill(Tensor.Empty(shape, device: model.Device))).ToArray();
        }

        lock (_gate)
        {
            (Func<Tensor, Tensor>, Device, bool, Shape) wanted = (rowsOf, model.Device, model.IsOptimizedForInference, shape);
            if (_pass is null || wanted != _passOf)
            {
                _pass?.Dispose();
                Tensor input = MemoryScope.OutsideScopes(() => Tensor.Empty(shape, device: model.Device));
                (_input, _passOf, _pass) = (input, wanted, model.Device.Repeat(() => Compute(input)));
            }

            Fill(_input!);
            return _pass.Run().ToArray();
        }

        Tensor Compute(Tensor input)
        {
            Tensor rows = rowsOf(input);
            return rows.Reshape(count, transform.ViewCount, rows.Shape[1]).Mean(1);
        }

        Tensor Fill(Tensor input)
        {
            input.Write<float>(pixels =>
            {
                int each = pixels.Length / count;
                for (int i = 0; i < count; i++)
                    write(i, pixels.Slice(i * each, each));
            });
            return input;
        }
    }
}
