using System.Reflection;
using System.Text;

namespace PolaFormer.Training.Configuration;

/// <summary>Writes a whole configuration as YAML that <see cref="ConfigurationReader"/> reads back.</summary>
public static class ConfigurationWriter
{
    /// <summary>Every key with its value.</summary>
    public static string Write(TrainingConfig config)
    {
        var text = new StringBuilder();
        Write(config, 0, text);
        return text.ToString();
    }

    private static void Write(object section, int indent, StringBuilder text)
    {
        foreach ((string key, PropertyInfo property) in ConfigurationKeys.Of(section.GetType()))
        {
            object? value = property.GetValue(section);
            text.Append(' ', indent).Append(key).Append(':');
            if (!ConfigurationKeys.IsSection(property))
            {
                text.Append(' ').AppendLine(ConfigurationValue.Format(value));
            }
            else if (ConfigurationKeys.Of(property.PropertyType).Count == 0)
            {
                text.AppendLine(" {}");
            }
            else
            {
                text.AppendLine();
                Write(value!, indent + 2, text);
            }
        }
    }
}
