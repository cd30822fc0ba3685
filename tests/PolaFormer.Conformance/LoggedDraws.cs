using System.Text.Json;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Conformance;

/// <summary>
/// Answers with the draws of a recorded run, [function, arguments, value] each, and sees that they are asked for in its order.
/// </summary>
/// <param name="draws">The list.</param>
/// <param name="choices">What a "choice" chooses from, by name.</param>
internal sealed class LoggedDraws(JsonElement draws, IReadOnlyList<string>? choices = null) : IRandomSource
{
    private static readonly string[] s_unit = ["random", "torch.rand", "random_sample", "rand"];

    private readonly Queue<int> _chosen = new();
    private float[] _erased = [];
    private int _next, _row;

    /// <summary>Draws that nobody asked for.</summary>
    public int Left => draws.GetArrayLength() - _next;

    /// <inheritdoc/>
    public double Uniform(double low, double high) => Take(low == 0 && high == 1 ? s_unit : ["uniform"]).GetDouble();

    /// <inheritdoc/>
    public int Integer(int low, int high)
    {
        if (_chosen.Count == 0 && _next < draws.GetArrayLength() && draws[_next][0].GetString() == "choice" && choices is not null)
        {
            foreach (JsonElement name in Take("choice").EnumerateArray())
                _chosen.Enqueue(choices.ToList().IndexOf(name.GetString()!));
        }

        return _chosen.TryDequeue(out int chosen) ? chosen : Take("randint").GetInt32();
    }

    /// <inheritdoc/>
    public double Normal(double mean, double std) => Take("gauss").GetDouble();

    /// <summary>Rows of a block (3, height, width), whose values follow a formula such as <c>s("name")*2</c>; asked for with the channels last.</summary>
    public void FillNormal(Span<float> values)
    {
        int width = values.Length / Image.Channels;
        if (_row * values.Length == _erased.Length)
        {
            string formula = Take("erase_pixels").GetString()!;
            int[] shape = draws[_next - 1][1].Integers();
            _erased = [.. FormulaValues.Symmetric(formula.Split('"')[1], (long)shape[0] * shape[1] * shape[2]).Select(value => value * 2)];
            _row = 0;
        }

        int plane = _erased.Length / Image.Channels;
        for (int i = 0; i < values.Length; i++)
            values[i] = _erased[(i % Image.Channels * plane) + (_row * width) + (i / Image.Channels)];
        _row++;
    }

    private JsonElement Take(params string[] kinds)
    {
        if (Left == 0)
            throw new InvalidDataException($"{string.Join(" or ", kinds)} was asked for after the last draw.");
        JsonElement draw = draws[_next++];
        return kinds.Contains(draw[0].GetString()) ? draw[2] : throw new InvalidDataException($"Draw {_next} is {draw[0]}; {string.Join(" or ", kinds)} was asked for.");
    }
}
