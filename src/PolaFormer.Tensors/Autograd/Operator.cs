using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Tensors.Autograd;

/// <summary>
/// A recorded operator application. A derived type is one operator: its fields are exactly what the backward pass
/// needs, its static <c>Forward</c> computes and records, its <see cref="Backward"/> is next to it.
/// </summary>
public abstract class Operator
{
    private const int InlineSaved = 4;

    private SavedStorages _saved;
    private List<Storage>? _moreSaved;

    // Tensors of which narrower copies are kept.
    private List<(Tensor Tensor, Tensor Copy)>? _narrowed;
    private int _savedCount;

    // Of a gradient that is still being put together from columns; null of a whole one.
    private ColumnCoverage? _coverage;

    [InlineArray(InlineSaved)]
    private struct SavedStorages
    {
        private Storage? _first;
    }

    /// <summary>The operator's name in messages.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>What applied the operator, where an observer of the tape notes it; else null.</summary>
    public object? Origin { get; set; }

    /// <summary>∂L/∂y, summed over the uses of the output; null until the backward pass of a use has run.</summary>
    internal Tensor? Gradient { get; private set; }

    /// <summary>The output, where its gradient is to be kept; else null.</summary>
    internal Tensor? KeptOutput { get; set; }

    /// <summary>Adds this operator's gradients to its inputs by <see cref="Accumulate(Tensor?, Tensor?)"/>.</summary>
    /// <param name="dy">∂L/∂y, of the output's shape.</param>
    protected internal abstract void Backward(Tensor dy);

    /// <summary>Holds a tensor's memory until the backward pass has used it.</summary>
    protected Tensor Save(Tensor tensor)
    {
        tensor.Storage.Retain();
        if (_savedCount < InlineSaved)
            _saved[_savedCount++] = tensor.Storage;
        else
            (_moreSaved ??= []).Add(tensor.Storage);
        return tensor;
    }

    /// <inheritdoc cref="Save(Tensor)"/>
    protected Tensor? SaveIfPresent(Tensor? tensor) => tensor is null ? null : Save(tensor);

    /// <summary>
    /// Holds an activation until the backward pass has used it. On a device of mixed precision that is a copy in its narrower type, from
    /// which the backward pass computes; what normalisers, probabilities and losses follow from is saved as it is (<see cref="Save"/>).
    /// </summary>
    /// <param name="activation">An input, or the result.</param>
    /// <param name="isResult">Whether it is the operator's result. Inputs that no operator made are there anyway.</param>
    protected Tensor Keep(Tensor activation, bool isResult = false)
    {
        Tensor copy = isResult || activation.Producer is not null ? activation.Narrowed() : activation;
        if (ReferenceEquals(copy, activation))
            return Save(activation);
        if (_narrowed is null || !_narrowed.Exists(entry => ReferenceEquals(entry.Tensor, activation)))
        {
            Save(copy);
            (_narrowed ??= []).Add((activation, copy));
        }

        return activation;
    }

    /// <summary>
    /// Where to write ∂L/∂input before handing it to <see cref="Accumulate(Tensor?, Tensor?)"/>: a leaf's own gradient if nothing
    /// is to be kept there, else new memory. Null for an input that is absent or not tracked.
    /// </summary>
    protected static Tensor? NewGradient(Tensor? input)
    {
        if (input is not { IsTracked: true })
            return null;
        return (input.Producer is null ? input.OverwriteGrad() : null) ?? input.Device.Empty(input.Shape);
    }

    /// <summary>
    /// Where to write the gradient of columns before handing it to <see cref="Accumulate(Columns, Columns)"/>: their place in the
    /// gradient of the whole if it is still empty, else memory of their own.
    /// </summary>
    protected static Columns NewGradient(Columns input)
    {
        Tensor source = input.Source;
        if (source.Producer is { } producer && producer.TryPlace(input) is { } place)
            return place;
        return source.Device.Empty(source.Shape.With(-1, input.Width));
    }

    /// <summary>Adds <paramref name="dx"/> to the gradient of an input; nothing happens for an input that is not tracked.</summary>
    /// <exception cref="InvalidOperationException">The gradient's shape is not the input's.</exception>
    protected void Accumulate(Tensor? input, Tensor? dx)
    {
        if (input is not { IsTracked: true } || dx is null)
            return;
        if (dx.Shape != input.Shape)
            throw new InvalidOperationException($"{Name}: a gradient of shape {dx.Shape} for an input of shape {input.Shape}.");
        Tape.Observer?.GradientComputed(this, dx.Rank == 0 ? new Columns(dx, 0, 1) : dx);
        if (input.Producer is { } producer)
        {
            producer.Receive(dx);
        }
        else
        {
            input.AccumulateGrad(dx);
            Tape.Observer?.LeafGradientAdded(input);
        }
    }

    /// <summary>Adds to the gradient of some columns of an input what has been written to the result of <see cref="NewGradient(Columns)"/>.</summary>
    protected static void Accumulate(Columns input, Columns dx)
    {
        Tensor source = input.Source;
        if (Tape.Observer is { } observer && Tape.CurrentBackward is { } current)
            observer.GradientComputed(current, dx);
        if (source.Producer is { } producer)
        {
            producer.ReceiveColumns(input, dx);
        }
        else if (source.IsTracked)
        {
            source.Device.Run(new AddToColumns(dx.Source, input.Of(source.GradToAddTo())));
            Tape.Observer?.LeafGradientAdded(source);
        }
    }

    /// <summary>Runs the backward pass on what was saved; activations of which narrower copies are kept have values again meanwhile.</summary>
    internal void RunBackward(Tensor dy)
    {
        if (_narrowed is null)
        {
            Backward(dy);
            return;
        }

        using var floats = new FloatCopies(_narrowed);
        Backward(dy);
    }

    internal void Receive(Tensor gradient)
    {
        if (Gradient is null)
        {
            gradient.Storage.Retain();
            Gradient = gradient;
            return;
        }

        CompleteGradient();
        if (Gradient.Storage.Holders == 1)
        {
            Gradient.Device.Run(new AddScaled(gradient, 1, Gradient, 1));
        }
        else
        {
            // The slot shares its memory with another holder (an operator passed its dy on): add into a new block.
            Tensor sum = gradient.Device.Empty(gradient.Shape);
            gradient.Device.Run(new Binary.Call(BinaryFunction.Add, Gradient, gradient, sum));
            Hold(sum);
        }
    }

    /// <summary>Fills the columns that no use of the output has written.</summary>
    internal void CompleteGradient()
    {
        if (_coverage is null)
            return;
        int next = 0;
        foreach ((int from, int to) in _coverage.Written)
        {
            FillColumns(next, from);
            next = to;
        }

        FillColumns(next, Gradient!.Shape[-1]);
        _coverage = null;
    }

    private void FillColumns(int from, int to)
    {
        if (from < to)
            Gradient!.Device.Run(new SliceScatter(Tensor.Zeros(Gradient.Shape.With(-1, to - from), Gradient.Device), Gradient, Gradient.Rank - 1, from));
    }

    private Columns? TryPlace(Columns columns)
    {
        if (Gradient is null)
        {
            Hold(columns.Source.Device.Empty(columns.Source.Shape));
            if (columns.Width == columns.RowStride)
                return columns.Of(Gradient!);
            _coverage = new ColumnCoverage();
        }

        return _coverage is not null && _coverage.TryAdd(columns.Start, columns.Start + columns.Width) ? columns.Of(Gradient!) : (Columns?)null;
    }

    private void ReceiveColumns(Columns columns, Columns gradient)
    {
        if (ReferenceEquals(gradient.Source, Gradient))
            return;
        CompleteGradient();
        if (Gradient!.Storage.Holders > 1)
            Hold(Gradient.Clone());
        Gradient.Device.Run(new AddToColumns(gradient.Source, columns.Of(Gradient)));
    }

    private void Hold(Tensor gradient)
    {
        gradient.Storage.Retain();
        Gradient?.Storage.Release();
        Gradient = gradient;
    }

    /// <summary>Releases the saved memory and the gradient.</summary>
    internal void Release()
    {
        for (int i = 0; i < _savedCount; i++)
        {
            _saved[i]!.Release();
            _saved[i] = null;
        }

        _savedCount = 0;
        if (_moreSaved is not null)
        {
            foreach (Storage storage in _moreSaved)
                storage.Release();
            _moreSaved = null;
        }

        _narrowed = null;
        Gradient?.Storage.Release();
        Gradient = null;
        _coverage = null;
    }
}
