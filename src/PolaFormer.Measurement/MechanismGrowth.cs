using PolaFormer.NN.Attention;

namespace PolaFormer.Measurement;

/// <summary>How the time of a mechanism grows with the number of tokens.</summary>
/// <param name="Entry">The mechanism.</param>
/// <param name="Exponent">Power of the number of tokens; null where fewer than two numbers were measured.</param>
/// <param name="CrossoverTokens">Tokens from which it is faster than softmax; null where it always is, is not at the end, or softmax was not measured.</param>
public sealed record MechanismGrowth(AttentionEntry Entry, double? Exponent, double? CrossoverTokens)
{
    private const string Softmax = "softmax";

    /// <summary>The growth of every mechanism, in the order of the measurements.</summary>
    public static IReadOnlyList<MechanismGrowth> Of(IReadOnlyList<MechanismMeasurement> measurements)
    {
        var softmax = measurements.Where(measured => measured.Entry.Name == Softmax && measured.Milliseconds is not null).ToDictionary(measured => measured.Tokens, measured => measured.Milliseconds!.Value);
        return [.. measurements.GroupBy(measured => measured.Entry).Select(group => Of(group.Key, [.. group.Where(measured => measured.Milliseconds is not null).OrderBy(measured => measured.Tokens)], softmax))];
    }

    private static MechanismGrowth Of(AttentionEntry entry, MechanismMeasurement[] series, Dictionary<int, double> softmax) => new(
        entry,
        series.Length < 2 ? null : PowerLaw.Fit([.. series.Select(measured => ((double)measured.Tokens, measured.Milliseconds!.Value))]).Exponent,
        PowerLaw.StaysBelowFrom([.. series.Where(measured => softmax.ContainsKey(measured.Tokens)).Select(measured => ((double)measured.Tokens, measured.Milliseconds!.Value, softmax[measured.Tokens]))]));
}
