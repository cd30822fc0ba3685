using System.Globalization;

namespace PolaFormer.Training;

/// <summary>The value of a metric.</summary>
/// <param name="Definition">What it measures.</param>
/// <param name="Value">The value.</param>
public readonly record struct MetricValue(MetricDefinition Definition, double Value)
{
    /// <summary>The value for people: a share in percent, another number with four digits.</summary>
    /// <param name="digits">Digits of a percentage.</param>
    public string ToText(int digits = 2) => Value.ToString(Definition.IsShare ? $"P{digits}" : "F4", CultureInfo.InvariantCulture);
}
