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

    // Results of the last run; the pass holds the first of them.
    private Tensor[] _results = [];
    private (Device Device, object State, Shape Shape) _passOf;

    /// <summary>Computes the function of an input.</summary>
    /// <param name="device">Where.</param>
    /// <param name="state">What the function depends on beside its input and the contents of tensors, such as whether a network was made for inference: with another one it is taken down anew.</param>
    /// <param name="shape">The input's shape.</param>
    /// <param name="fill">Overwrites the whole input.</param>
    /// <param name="function">The function; it reads no values.</param>
    /// <param name="read">Reads the result, which is valid meanwhile.</param>
    public T Run<T>(Device device, object state, Shape shape, Action<Tensor> fill, Func<Tensor, Tensor> function, Func<Tensor, T> read) =>
        Run(device, state, shape, fill, input => [function(input)], (Tensor[] results) => read(results[0]));

    /// <summary>Computes a function with several results of an input.</summary>
    /// <inheritdoc cref="Run{T}(Device, object, Shape, Action{Tensor}, Func{Tensor, Tensor}, Func{Tensor, T})"/>
    public T Run<T>(Device device, object state, Shape shape, Action<Tensor> fill, Func<Tensor, Tensor[]> function, Func<Tensor[], T> read)
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
                Release();
                Tensor input = MemoryScope.OutsideScopes(() => Tensor.Empty(shape, device: device));
                (_input, _passOf, _pass) = (input, (device, state, shape), device.Repeat(() => First(function, input)));
            }

            fill(_input!);
            _pass.Run();
            return read(_results);
        }
    }

    // What the pass does not hold itself is held until its next run.
    private Tensor First(Func<Tensor, Tensor[]> function, Tensor input)
    {
        Release();
        Tensor[] results = function(input);
        foreach (Tensor result in results.AsSpan(1))
            result.Storage.Retain();
        _results = results;
        return results[0];
    }

    private void Release()
    {
        for (int i = 1; i < _results.Length; i++)
            _results[i].Storage.Release();
        _results = [];
    }
}
