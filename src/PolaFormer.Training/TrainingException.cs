namespace PolaFormer.Training;

/// <summary>A run cannot go on; the message is one line for the user.</summary>
/// <param name="message">What happened, where, and what to do.</param>
public sealed class TrainingException(string message) : Exception(message);
