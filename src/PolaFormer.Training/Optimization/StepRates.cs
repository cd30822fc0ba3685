using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Floats that change from step to step, such as learning rates, in the memory of a device: written before a step, so that requests of a
/// step that is repeated as a whole find them where they read them.
/// </summary>
internal sealed class StepRates
{
    private readonly float[] _values;
    private readonly Tensor _onDevice;
    private readonly int _perRow;

    /// <summary>Takes the memory.</summary>
    /// <param name="rows">Rows of floats that requests take by themselves.</param>
    /// <param name="perRow">Floats of each.</param>
    /// <param name="device">Where.</param>
    public StepRates(int rows, int perRow, Device device)
    {
        (_values, _perRow) = (new float[rows * perRow], perRow);
        _onDevice = MemoryScope.OutsideScopes(() => device.Empty([rows, perRow]));
        Rows = [.. Enumerable.Range(0, rows).Select(row => _onDevice.Slice(0, row, 1))];
    }

    /// <summary>The rows on the device.</summary>
    public IReadOnlyList<Tensor> Rows { get; }

    /// <summary>A row to be filled before <see cref="Write"/>.</summary>
    public Span<float> this[int row] => _values.AsSpan(row * _perRow, _perRow);

    /// <summary>Brings what the rows were filled with to the device, in its turn.</summary>
    public void Write() => _onDevice.CopyFrom(_values);
}
