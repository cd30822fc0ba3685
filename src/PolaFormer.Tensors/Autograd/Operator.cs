using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors.Autograd;

/// <summary>
/// A recorded operator application. A derived type is one operator: its fields are exactly what the backward pass
/// needs, its static <c>Forward</c> computes and records, its <see cref="Backward"/> stands next to it.
/// </summary>
public abstract class Operator
{
    private const int MaxSaved = 10;

    private SavedStorages _saved;
    private int _savedCount;

    [InlineArray(MaxSaved)]
    private struct SavedStorages
    {
        private Storage? _first;
    }

    /// <summary>The operator's name in messages.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>∂L/∂y, summed over the uses of the output; null until a use has been walked.</summary>
    internal Tensor? Gradient { get; private set; }

    /// <summary>Adds this operator's gradients to its inputs by <see cref="Accumulate"/>.</summary>
    /// <param name="dy">∂L/∂y, of the output's shape.</param>
    protected internal abstract void Backward(Tensor dy);

    /// <summary>Holds a tensor's memory until the backward pass has used it.</summary>
    protected Tensor Save(Tensor tensor)
    {
        tensor.Storage.Retain();
        _saved[_savedCount++] = tensor.Storage;
        return tensor;
    }

    /// <inheritdoc cref="Save(Tensor)"/>
    protected Tensor? SaveIfPresent(Tensor? tensor) => tensor is null ? null : Save(tensor);

    /// <summary>Adds <paramref name="dx"/> to the gradient of an input; nothing happens for an input that is not tracked.</summary>
    /// <exception cref="InvalidOperationException">The gradient's shape is not the input's.</exception>
    protected void Accumulate(Tensor input, Tensor dx)
    {
        if (!input.IsTracked)
            return;
        if (dx.Shape != input.Shape)
            throw new InvalidOperationException($"{Name}: a gradient of shape {dx.Shape} for an input of shape {input.Shape}.");
        if (input.Producer is { } producer)
            producer.Receive(dx);
        else
            input.AccumulateGrad(dx);
    }

    internal void Receive(Tensor gradient)
    {
        if (Gradient is null)
        {
            gradient.Storage.Retain();
            Gradient = gradient;
        }
        else if (Gradient.Storage.Holders == 1)
        {
            Gradient.Device.AddScaled(gradient, 1, Gradient, 1);
        }
        else
        {
            // The slot shares its memory with another holder (an operator passed its dy on): add into a new block.
            Tensor sum = gradient.Device.Empty(gradient.Shape);
            gradient.Device.Binary(BinaryFunction.Add, Gradient, gradient, sum);
            sum.Storage.Retain();
            Gradient.Storage.Release();
            Gradient = sum;
        }
    }

    /// <summary>Lets go of the saved memory and the gradient.</summary>
    internal void Release()
    {
        for (int i = 0; i < _savedCount; i++)
        {
            _saved[i]!.Release();
            _saved[i] = null;
        }

        _savedCount = 0;
        Gradient?.Storage.Release();
        Gradient = null;
    }
}
