using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// A function of one tensor that is computed again and again, often of the same shape. A device that works on while the program goes on
/// may repeat it as a whole (<see cref="Device.Repeat"/>): what it computed of the last shape is held for the same shape, with the
/// memory of its input, and such a device takes one call after another. Elsewhere calls compute beside each other.
/// </summary>
/// <example><code>
/// var logits = new RepeatedFunction();
/// float[] values = logits.Run(model.Device, model.IsOptimizedForInference, [1, 224, 224, 3], images =&gt; images.CopyFrom(pixels), model.Forward, y =&gt; y.ToArray());
/// </code></example>
public sealed class RepeatedFunction
{
    private readonly Lock _gate = new();
    private RepeatedPass? _pass;
    private Tensor? _input;
    private (Device Device, object State, Shape Shape) _passOf;

    /// <summary>Computes the function of an input.</summary>
    /// <param name="device">Where.</param>
    /// <param name="state">What the function depends on beside its input and the contents of tensors, such as whether a network was made for inference: with another one it is taken down anew.</param>
    /// <param name="shape">The input's shape.</param>
    /// <param name="fill">Overwrites the whole input.</param>
    /// <param name="function">The function; it reads no values.</param>
    /// <param name="read">Reads the result, which is valid meanwhile.</param>
    public T Run<T>(Device device, object state, Shape shape, Action<Tensor> fill, Func<Tensor, Tensor> function, Func<Tensor, T> read)
    {
        if (!device.IsAsynchronous)
        {
            using var scope = MemoryScope.Enter();
            Tensor input = Tensor.Empty(shape, device: device);
            fill(input);
            return read(function(input));
        }

        lock (_gate)
        {
            using var scope = MemoryScope.Enter();
            if (_pass is null || !_passOf.Equals((device, state, shape)))
            {
                _pass?.Dispose();
                Tensor input = MemoryScope.OutsideScopes(() => Tensor.Empty(shape, device: device));
                (_input, _passOf, _pass) = (input, (device, state, shape), device.Repeat(() => function(input)));
            }

            fill(_input!);
            return read(_pass.Run());
        }
    }
}
