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
    /// <summary>Keys that every task of images obeys.</summary>
    private static readonly string[] s_ofAll =
    [
        "BASE", "DATA.DATA_PATH", "DATA.DATASET", "DATA.BATCH_SIZE", "DATA.IMG_SIZE", "DATA.HOLD_OUT", "MODEL.TYPE", "MODEL.NAME", "MODEL.RESUME", "MODEL.PRETRAINED",
        "TRAIN.EPOCHS", "TRAIN.MICRO_BATCHES", "TRAIN.REDUCE", "TRAIN.SYNC_BATCH_NORM", "TRAIN.PATIENCE", "TRAIN.WEIGHT_DECAY", "TRAIN.BASE_LR", "TRAIN.CLIP_GRAD", "TRAIN.CLIP_MODE", "TRAIN.AUTO_RESUME", "TRAIN.MODEL_EMA", "TRAIN.MODEL_EMA_DECAY",
        "TRAIN.MODEL_EMA_WARMUP", "TRAIN.ON_NAN", "TRAIN.DETECT_ANOMALY", "TRAIN.LR_SCHEDULER.NAME",
        "DEVICE", "AMP_TYPE", "OUTPUT", "TAG", "SAVE_FREQ", "SAVE_MINUTES", "PRINT_FREQ", "SEED", "EVAL_MODE", "THROUGHPUT_MODE",
    ];

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

    /// <summary>Refuses keys that a task of images does not use: they would be passed over silently.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="published">What it is without the user's keys.</param>
    /// <param name="what">What is trained: <c>a detector</c>.</param>
    /// <param name="used">The keys that are used beside those that every task obeys.</param>
    /// <exception cref="ConfigurationException">Another one has another value than the published one.</exception>
    public static void RequireUsed(TrainingConfig config, TrainingConfig published, string what, params IEnumerable<string> used)
    {
        foreach (string key in ConfigurationKeys.All(typeof(TrainingConfig)).Except([.. s_ofAll, .. used]))
        {
            object? value = ConfigurationKeys.Get(config, key), usual = ConfigurationKeys.Get(published, key);
            if (ConfigurationValue.Format(value) != ConfigurationValue.Format(usual))
                throw new ConfigurationException($"{key}: {ConfigurationValue.Show(value)} has no effect on this training of {what}. Leave the key out, or at {ConfigurationValue.Show(usual)}.");
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
