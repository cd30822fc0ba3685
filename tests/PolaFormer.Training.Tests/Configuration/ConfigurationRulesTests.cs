using System.ComponentModel.DataAnnotations;
using System.Reflection;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests.Configuration;

/// <summary>What keys take: ranges are declared at the keys, so that none can be forgotten and every message is of one form.</summary>
public sealed class ConfigurationRulesTests
{
    [Fact]
    public void EveryNumberDeclaresItsRange()
    {
        Assert.Empty(Missing(typeof(TrainingConfig), ""));

        static IEnumerable<string> Missing(Type section, string prefix) => ConfigurationKeys.Of(section).SelectMany(entry =>
        {
            PropertyInfo property = entry.Value;
            if (ConfigurationKeys.IsSection(property))
                return Missing(property.PropertyType, $"{prefix}{entry.Key}.");
            Type type = property.PropertyType.GetElementType() ?? Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            bool isDeclared = property.GetCustomAttribute<RangeAttribute>() is not null || property.GetCustomAttribute<UnusedAttribute>() is not null;
            return (type == typeof(int) || type == typeof(double)) && !isDeclared ? [prefix + entry.Key] : [];
        });
    }

    [Theory]
    [InlineData("TRAIN.BASE_LR", "-1", "from 0 to 1000")]
    [InlineData("TRAIN.WARMUP_LR", "-0.5", "from 0 to 1000")]
    [InlineData("TRAIN.MIN_LR", "1001", "from 0 to 1000")]
    [InlineData("TRAIN.WEIGHT_DECAY", "-0.05", "from 0 to 1000")]
    [InlineData("TRAIN.EPOCHS", "-3", "from 1 to 1000000")]
    [InlineData("TRAIN.EPOCHS", "0", "from 1 to 1000000")]
    [InlineData("TRAIN.WARMUP_EPOCHS", "-1", "from 0 to 1000000")]
    [InlineData("TRAIN.CLIP_GRAD", "-5", "from 0 up")]
    [InlineData("TRAIN.LAYER_DECAY", "0", "above 0 to 1")]
    [InlineData("TRAIN.MODEL_EMA_DECAY", "1", "from 0 to below 1")]
    [InlineData("TRAIN.OPTIMIZER.BETAS", "[0.9, 1]", "from 0 to below 1")]
    [InlineData("TRAIN.OPTIMIZER.BETAS", "[0.9]", "it takes 2")]
    [InlineData("DATA.NUM_WORKERS", "-1", "from 0 to 1024")]
    [InlineData("DATA.BATCH_SIZE", "0", "from 1 to")]
    [InlineData("MODEL.LABEL_SMOOTHING", "1", "from 0 to below 1")]
    [InlineData("MODEL.DROP_PATH_RATE", "-0.1", "from 0 to 0.99")]
    [InlineData("MODEL.SWIN.DEPTHS", "[2, 2, -6, 2]", "from 0 to 256")]
    [InlineData("AUG.MIXUP_PROB", "1.5", "from 0 to 1")]
    [InlineData("AUG.REPROB", "-0.25", "from 0 to 1")]
    [InlineData("AUG.CUTMIX_MINMAX", "[0.2, 1.8]", "from 0 to 1")]
    [InlineData("AUG.SCALE", "[0, 1]", "above 0 to 1")]
    [InlineData("AUG.MIRROR_BORDER", "1.5", "from 0 to 1")]
    [InlineData("PRINT_FREQ", "0", "from 1 up")]
    [InlineData("SAVE_MINUTES", "-1", "from 0 to 1000000")]
    public void AValueOutOfRangeIsNamedWithItsKeyAndTheRange(string key, string value, string range)
    {
        string message = Refusal(key, value);
        Assert.StartsWith($"{key}: {value}", message, StringComparison.Ordinal);
        Assert.Contains(range, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("TRAIN.CLIP_MODE", "agc", "norm, value")]
    [InlineData("TRAIN.ON_NAN", "ignore", "stop, skip, rollback")]
    [InlineData("TRAIN.LR_SCHEDULER.NAME", "polynomial", "cosine, linear, step")]
    [InlineData("AUG.MIXUP_MODE", "rows", "batch, pair, elem")]
    [InlineData("AUG.REMODE", "mosaic", "pixel, rand, const")]
    [InlineData("DATA.DATASET", "mnist", "imagenet, cifar10")]
    public void ATextThatIsNoneOfAFewIsNamedWithThem(string key, string value, string known)
    {
        string message = Refusal(key, value);
        Assert.StartsWith($"{key}: '{value}' is unknown", message, StringComparison.Ordinal);
        Assert.Contains(known, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DATA.PIN_MEMORY", "false")]
    [InlineData("MODEL.SWIN.RPB", "false")]
    [InlineData("MODEL.SWIN.KA", "[7, 7, 7, 9]")]
    [InlineData("MODEL.SWIN.QK_SCALE", "0.1")]
    [InlineData("MODEL.SWIN.STAGE_CFG", "x")]
    [InlineData("AMP", "true")]
    [InlineData("LOCAL_RANK", "1")]
    public void AKeyThatNothingUsesIsRefusedWithTheReason(string key, string value)
    {
        string message = Refusal(key, value);
        Assert.StartsWith($"{key}: ", message, StringComparison.Ordinal);
        Assert.Contains("has no effect, because", message, StringComparison.Ordinal);
    }

    [Fact]
    public void NumbersThatAreNoneAreOutOfRange() =>
        Assert.Throws<ConfigurationException>(() => ConfigurationRules.Check(new TrainingConfig { Train = { BaseLr = double.NaN } }));

    [Theory]
    [InlineData("TRAIN.CLIP_GRAD", "0")]
    [InlineData("TRAIN.CLIP_GRAD", "None")]
    [InlineData("TRAIN.LAYER_DECAY", "1")]
    [InlineData("DATA.NUM_WORKERS", "0")]
    [InlineData("TRAIN.WARMUP_EPOCHS", "0")]
    [InlineData("SAVE_MINUTES", "0")]
    public void TheEndsOfARangeAreTaken(string key, string value) => ConfigurationRules.Check(ConfigurationReader.Read(null, [key, value]));

    [Fact]
    public void EveryRecipeIsInRange()
    {
        foreach (string recipe in Directory.GetFiles(Path.Combine(SharedData.Repository, "configs"), "*.yaml"))
            ConfigurationRules.Check(ConfigurationReader.Read(recipe));
    }

    private static string Refusal(string key, string value) =>
        Assert.Throws<ConfigurationException>(() => ConfigurationRules.Check(ConfigurationReader.Read(null, [key, value]))).Message;
}
