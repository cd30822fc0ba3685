using PolaFormer.Tensors;

namespace PolaFormer.Measurement;

/// <summary>Calls of a device taken together.</summary>
/// <param name="Module">The module that called; empty for what runs outside modules.</param>
/// <param name="Operator">The device's method.</param>
/// <param name="Result">Shape of the result.</param>
/// <param name="Calls">How many calls these are.</param>
/// <param name="Ms">Their time: the sum over the calls of each one's median over the runs.</param>
/// <param name="Macs">Multiply-accumulates.</param>
/// <param name="Bytes">Bytes read and written.</param>
public sealed record ProfileEntry(string Module, string Operator, Shape Result, int Calls, double Ms, long Macs, long Bytes)
{
    /// <summary>GFLOP/s; 0 for what is no product.</summary>
    public double Gflops => 2 * Macs / Ms / 1e6;

    /// <summary>GB/s.</summary>
    public double BytesPerSecond => Bytes / Ms / 1e6;

    /// <summary>Takes several together under a name.</summary>
    public static ProfileEntry Sum(string module, string operatorName, IReadOnlyCollection<ProfileEntry> entries) => new(
        module, operatorName, entries.First().Result, entries.Sum(entry => entry.Calls), entries.Sum(entry => entry.Ms), entries.Sum(entry => entry.Macs), entries.Sum(entry => entry.Bytes));
}
