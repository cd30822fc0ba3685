using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors;

/// <summary>
/// A computation that is run again and again with the same tensors, such as a forward pass whose input is overwritten
/// (<see cref="Tensor.Write{T}"/>) before each run, or a training step. A device may take it down once and repeat it as a whole
/// (<see cref="Device.Repeat"/>).
/// </summary>
/// <example><code>
/// Tensor images = Tensor.Empty([1, 224, 224, 3]);
/// using RepeatedPass pass = Device.Default.Repeat(() =&gt; model.Forward(images));
/// images.Write&lt;float&gt;(pixels =&gt; transform.Apply(photograph, pixels));
/// float[] logits = pass.Run().ToArray();
/// </code></example>
public class RepeatedPass : IDisposable
{
    private readonly Func<Tensor> _pass;
    private Tensor? _result;

    /// <summary>A pass that is computed anew each time.</summary>
    internal RepeatedPass(Func<Tensor> pass) => _pass = pass;

    /// <summary>Why the device starts the pass operator by operator, in one sentence; null where it repeats it as a whole, or need not.</summary>
    public virtual string? WhyNotWhole => null;

    /// <summary>Runs the pass; the result is valid until the next run.</summary>
    /// <param name="step">Number of the training step: the first that random numbers of the pass follow from (<see cref="Philox(ulong, ulong, ulong)"/>).</param>
    public virtual Tensor Run(ulong step = 0)
    {
        Release();
        return _result = Keep(_pass);
    }

    /// <summary>Gives the memory of the result back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back.</summary>
    protected virtual void Dispose(bool disposing) => Release();

    /// <summary>A result that stays until its storage is released.</summary>
    internal static Tensor Keep(Func<Tensor> pass)
    {
        using MemoryScope scope = MemoryScope.Enter();
        Tensor result = pass();
        result.Storage.Retain();
        return result;
    }

    /// <summary>Gives the memory of the last result back.</summary>
    internal void Release()
    {
        _result?.Storage.Release();
        _result = null;
    }
}
