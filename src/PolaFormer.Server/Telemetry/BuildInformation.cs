using System.Reflection;

namespace PolaFormer.Server.Telemetry;

/// <summary>Which program this is.</summary>
internal static class BuildInformation
{
    private static readonly string[] s_parts =
        (typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+', 2);

    /// <summary>Version of the program.</summary>
    public static string Version => s_parts[0];

    /// <summary>Revision of the sources; empty where the build does not know it.</summary>
    public static string Revision => s_parts.Length > 1 ? s_parts[1] : "";
}
