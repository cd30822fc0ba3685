using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// Holds a configuration to what its properties declare: the range of a number (of each number of a list), the length of a list,
/// the few texts that a key takes, and the keys that nothing uses.
/// </summary>
public static class ConfigurationRules
{
    private static readonly string[] s_ofClassifiers =
        ["MODEL.ATTENTION", "TRAIN.START_EPOCH", "TRAIN.COOLDOWN_EPOCHS", "TRAIN.ACCUMULATION_STEPS", "TRAIN.USE_CHECKPOINT", "TRAIN.LAYER_DECAY", "TRAIN.FREEZE", "SAVE_PTH"];

    /// <summary>Keys of the optimisation that are for classifiers alone.</summary>
    public static ReadOnlySpan<string> OfClassifiers => s_ofClassifiers;

    /// <summary>Checks every key of a section.</summary>
    /// <param name="section">A configuration, or a section of one.</param>
    /// <param name="prefix">The section's own key with a dot behind it: <c>TRAIN.</c>.</param>
    /// <exception cref="ConfigurationException">A value is none of the few that its key takes, lies outside its range, or belongs to a key that nothing uses; one line with the key, the value and the range.</exception>
    public static void Check(object section, string prefix = "")
    {
        object defaults = Activator.CreateInstance(section.GetType())!;
        foreach ((string key, PropertyInfo property) in ConfigurationKeys.Of(section.GetType()))
        {
            object? value = property.GetValue(section);
            if (ConfigurationKeys.IsSection(property))
                Check(value!, $"{prefix}{key}.");
            else
                Check(property, value, property.GetValue(defaults), prefix + key);
        }
    }

    /// <summary>Refuses values of keys that a task does not use.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="what">What does not use them: <c>a detector</c>.</param>
    /// <param name="keys">The keys.</param>
    /// <exception cref="ConfigurationException">One has another value than its default.</exception>
    public static void RequireDefaults(TrainingConfig config, string what, params ReadOnlySpan<string> keys)
    {
        var defaults = new TrainingConfig();
        foreach (string key in keys)
        {
            object? value = ConfigurationKeys.Get(config, key), published = ConfigurationKeys.Get(defaults, key);
            if (ConfigurationValue.Format(value) != ConfigurationValue.Format(published))
                throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} has no effect on the training of {what}. Leave the key out, or at {ConfigurationValue.Show(published)}.");
        }
    }

    private static void Check(PropertyInfo property, object? value, object? published, string key)
    {
        if (property.GetCustomAttribute<UnusedAttribute>() is { } unused && ConfigurationValue.Format(value) != ConfigurationValue.Format(published))
            throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} has no effect, because {unused.Reason}. Leave the key out, or at {ConfigurationValue.Show(published)}.");
        if (value is Array list && property.GetCustomAttribute<LengthAttribute>() is { } length && (list.Length < length.MinimumLength || list.Length > length.MaximumLength))
            throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} has {list.Length} entries; it takes {LengthOf(length)}.");
        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed && !allowed.Values.Contains(value))
            throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} is unknown; use {string.Join(", ", allowed.Values.Where(known => known is not ""))}.");
        if (value is null || property.GetCustomAttribute<RangeAttribute>() is not { } range)
            return;
        foreach (object number in value as Array ?? new[] { value })
        {
            if (!Contains(range, Convert.ToDouble(number, CultureInfo.InvariantCulture)))
                throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} is out of range; it takes {(value is Array ? "numbers" : number is int ? "a whole number" : "a number")} {Bounds(range)}.");
        }
    }

    // False for NaN, too.
    private static bool Contains(RangeAttribute range, double value)
    {
        (double min, double max) = Ends(range);
        return (range.MinimumIsExclusive ? value > min : value >= min) && (range.MaximumIsExclusive ? value < max : value <= max);
    }

    private static string Bounds(RangeAttribute range)
    {
        (double min, double max) = Ends(range);
        string from = string.Create(CultureInfo.InvariantCulture, $"{(range.MinimumIsExclusive ? "above" : "from")} {min}");
        return max is double.MaxValue or int.MaxValue
            ? range.MinimumIsExclusive ? from : $"{from} up"
            : string.Create(CultureInfo.InvariantCulture, $"{from} to {(range.MaximumIsExclusive ? "below " : "")}{max}");
    }

    private static (double Min, double Max) Ends(RangeAttribute range) =>
        (Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture));

    private static string LengthOf(LengthAttribute length) =>
        length.MinimumLength == length.MaximumLength ? $"{length.MinimumLength}" : $"{length.MinimumLength} to {length.MaximumLength}";
}
