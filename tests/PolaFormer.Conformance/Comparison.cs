using System.Globalization;
using System.Text.RegularExpressions;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>
/// Holds the values of this program against those of a case, and notes the largest error as a part of its tolerance.
/// The truth is the float64 run where there is one.
/// </summary>
internal sealed class Comparison
{
    /// <summary>A gradient has passed the products of both directions.</summary>
    public const double GradientRounding = 2.5;

    private static readonly string[] s_expected = ["out.", "grad.", "stat.", "eval.", "loss.", "final.", "value.", "f64."];

    private readonly FixtureCase _fixture;
    private readonly HashSet<string> _seen = [];
    private readonly List<string> _failures = [];
    private readonly (double Absolute, double Relative)? _elementwise;
    private readonly double _tolerance, _rounding;
    private string? _worst;
    private double _ratio;

    // Sums of squares where products round their operands.
    private (double Errors, double Truth) _results, _gradients;

    /// <summary>Starts without findings.</summary>
    /// <param name="fixture">The case.</param>
    /// <param name="rounding">
    /// Where products round their operands, such as to bfloat16: what ‖error‖ / ‖truth‖ may be of all results of the case together, and
    /// <see cref="GradientRounding"/> times as much of all gradients. Single values are not looked at then. 0 elsewhere.
    /// </param>
    public Comparison(FixtureCase fixture, double rounding = 0)
    {
        (_fixture, _rounding) = (fixture, rounding);
        Match rule = Regex.Match(fixture.Meta.Text("elementwise_tolerance") ?? "", @"<= *(\S+) *\+ *([^\s*]+) *\* *\|b\|");
        Match floor = Regex.Match(fixture.Meta.Text("note") ?? "", @"no float64 run: tolerance ([\d.e-]+)");
        _tolerance = floor.Success ? double.Parse(floor.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        if (rule.Success)
            _elementwise = (double.Parse(rule.Groups[1].Value, CultureInfo.InvariantCulture), double.Parse(rule.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>Compares float32 values in the authors' layout.</summary>
    public void Close(string key, ReadOnlySpan<float> actual)
    {
        double[] widened = new double[actual.Length];
        for (int i = 0; i < widened.Length; i++)
            widened[i] = actual[i];
        Close(key, widened);
    }

    /// <summary>Compares values in the authors' layout within the case's tolerance, or one given here.</summary>
    public void Close(string key, double[] actual, double? tolerance = null)
    {
        _seen.Add(key);
        string widened = Widened(key);
        double[] truth = _fixture.Doubles(_fixture.Has(widened) ? widened : key);
        if (actual.Length != truth.Length)
        {
            Fail($"{key} has {actual.Length} values instead of {truth.Length} {_fixture.ShapeOf(key)}");
            return;
        }

        double atol = tolerance ?? ToleranceOf(key, truth), ratio = 0;
        if (_rounding > 0 && _fixture.TypeOf(key).IsFloatingPoint())
        {
            ref (double Errors, double Truth) squares = ref key.StartsWith("grad.", StringComparison.Ordinal) ? ref _gradients : ref _results;
            squares.Errors += actual.Zip(truth, (a, b) => (a - b) * (a - b)).Sum();
            squares.Truth += truth.Sum(value => value * value);
            return;
        }

        for (int i = 0; i < truth.Length; i++)
            ratio = Worse(ratio, Ratio(actual[i], truth[i], atol));
        Note(key, ratio);
    }

    /// <summary>Compares values that must be equal.</summary>
    public void Exact(string key, double[] actual)
    {
        _seen.Add(key);
        SameList(key, actual, _fixture.Doubles(key));
    }

    /// <summary>Compares two lists that must be equal.</summary>
    public void SameList<T>(string what, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        if (actual.Count != expected.Count)
        {
            Fail($"{what} has {actual.Count} values instead of {expected.Count}");
            return;
        }

        int differing = 0, first = -1;
        for (int i = 0; i < actual.Count; i++)
        {
            if (EqualityComparer<T>.Default.Equals(actual[i], expected[i]))
                continue;
            differing++;
            first = first < 0 ? i : first;
        }

        if (differing > 0)
            Fail($"{what}: {differing} of {actual.Count} differ; number {first} is {actual[first]} instead of {expected[first]}");
        else
            Note(what, 0);
    }

    /// <summary>Compares two values that must be equal.</summary>
    public void Same<T>(string what, T actual, T expected)
    {
        if (EqualityComparer<T>.Default.Equals(actual, expected))
            Note(what, 0);
        else
            Fail($"{what} is {actual} instead of {expected}");
    }

    /// <summary>Compares a number within a tolerance.</summary>
    public void Within(string what, double actual, double expected, double tolerance) => Note(what, Ratio(actual, expected, tolerance + (_rounding * Math.Abs(expected))));

    /// <summary>Notes that an expected value was used in another way, or cannot be compared.</summary>
    public void Excuse(string key) => _seen.Add(key);

    /// <summary>Notes a failure.</summary>
    public void Fail(string what) => _failures.Add(what);

    /// <summary>The outcome, after a look for expected values that nothing was compared with.</summary>
    public CaseResult Finish(string name)
    {
        if (_results.Truth > 0)
            Note("results", Math.Sqrt(_results.Errors / _results.Truth) / _rounding);
        if (_gradients.Truth > 0)
            Note("gradients", Math.Sqrt(_gradients.Errors / _gradients.Truth) / (GradientRounding * _rounding));
        string[] left = [.. _fixture.Keys.Where(key => s_expected.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)) && !_seen.Contains(key))];
        if (left.Length > 0)
            Fail($"{left.Length} values were not compared, such as {left[0]}");
        if (_worst is null && left.Length == 0)
            Fail("nothing was compared");
        string? reason = _failures.Count switch
        {
            0 => null,
            1 => _failures[0],
            _ => $"{_failures[0]} (and {_failures.Count - 1} more)",
        };
        return new CaseResult(name, reason is null ? CaseStatus.Passed : CaseStatus.Failed, _worst, _ratio, reason);
    }

    private double Ratio(double actual, double truth, double atol)
    {
        // Equal infinities, and not-a-number where it belongs, are right; a difference of them would be NaN.
        if (actual.Equals(truth) || actual == truth)
            return 0;
        double error = Math.Abs(actual - truth);
        if (double.IsNaN(error))
            return double.PositiveInfinity;
        double ratio = error / atol;
        return _elementwise is { } rule ? Math.Max(ratio, error / (rule.Absolute + (rule.Relative * Math.Abs(truth)))) : ratio;
    }

    private void Note(string what, double ratio)
    {
        if (_worst is null || ratio > _ratio)
            (_worst, _ratio) = (what, ratio);
        if (ratio > 1)
            Fail(string.Create(CultureInfo.InvariantCulture, $"{what}: error {ratio:g3} of tolerance"));
    }

    private double ToleranceOf(string key, double[] truth)
    {
        if (_fixture.Meta.Field("checks")?.Field(key)?.Field("atol") is { } atol)
            return atol.GetDouble();
        if (!_fixture.TypeOf(key).IsFloatingPoint())
            return 0;
        double scale = truth.Length == 0 ? 0 : truth.Max(Math.Abs), error = 0;
        if (_fixture.Has(Widened(key)))
            error = _fixture.Doubles(key).Zip(truth).Select(pair => Math.Abs(pair.First - pair.Second)).DefaultIfEmpty().Max();
        return Math.Max(_tolerance, Math.Max(8 * error, 2e-5 * scale));
    }

    private static double Worse(double a, double b) => b > a ? b : a;

    private static string Widened(string key)
    {
        int dot = key.IndexOf('.');
        return dot < 0 ? key : $"{key[..dot]}64{key[dot..]}";
    }
}
