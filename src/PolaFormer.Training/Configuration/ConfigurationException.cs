namespace PolaFormer.Training.Configuration;

/// <summary>A configuration cannot be used; the message is one line for the user: where, what, and what to do.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Makes the exception with a one-line message.</summary>
    public ConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a one-line message and what caused it.</summary>
    public ConfigurationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
